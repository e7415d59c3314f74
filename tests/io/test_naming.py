import pytest

from imgan.errors import UsageError
from imgan.io.naming import Factor
from imgan.io.naming import NameTemplate
from imgan.io.naming import rename_outputs
from imgan.io.paths import plan_jobs


@pytest.fixture
def folder(tmp_path):
    for name in ("a.png", "a.jpg", "deep/b.tif"):
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "in"


def renamed(folder, template, values=None, **options):
    options = {"recursive": True, "checked": False, **options}
    plan = plan_jobs([folder], folder.parent / "out", **options)
    more = {"scale": Factor(4), "model": "x4"} if values is None else values
    made = rename_outputs(plan, NameTemplate(template), lambda job: more)
    return [job.output.relative_to(made.root).as_posix() for job in made.jobs]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{stem}_x{scale}", ["a_x4.jpg", "a_x4.png", "deep/b_x4.tif"]),
        ("{index:03d}", ["001.jpg", "002.png", "deep/003.tif"]),
        ("{parent}-{stem}", ["in-a.jpg", "in-a.png", "deep/deep-b.tif"]),
        ("{model} {scale:.1f} {{x}} {stem}", None),
    ],
)
def test_fields_are_filled(folder, template, expected):
    expected = expected or [
        "x4 4.0 {x} a.jpg",
        "x4 4.0 {x} a.png",
        "deep/x4 4.0 {x} b.tif",
    ]
    assert renamed(folder, template) == expected


def test_names_may_tell_apart_what_a_format_makes_alike(folder):
    made = renamed(folder, "{stem}_{index}", image_format="png")
    assert made == ["a_1.png", "a_2.png", "deep/b_3.png"]
    with pytest.raises(UsageError, match="both be written"):
        renamed(folder, "{stem}", image_format="png")


def test_results_with_one_name_are_found_before_anything_starts(folder):
    with pytest.raises(UsageError, match="both be written"):
        renamed(folder, "new", image_format="png")


@pytest.mark.parametrize(("scale", "text"), [(4, "4"), (2.5, "2.5"), (10 / 3, "3.333")])
def test_a_factor_is_short(scale, text):
    assert f"{Factor(scale)}" == text
    assert f"{Factor(scale):.2f}" == f"{scale:.2f}"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{stme}", "Did you mean 'stem'"),
        ("{}", "no field ''"),
        ("{stem.upper}", "no field"),
        ("{stem[0]}", "no field"),
        ("{stem!r}", "expected fields such as"),
        ("{index:{stem}}", "expected fields such as"),
        ("{stem", "--name"),
        ("{stem:04d}", "--name"),
        ("../{stem}", "without folders"),
        ("a\\{stem}", "without folders"),
        ("", "without folders"),
        (" . ", "no file can be named"),
        ("{index:0300d}", "no file can be named"),
    ],
)
def test_templates_that_name_no_file(template, expected):
    with pytest.raises(UsageError, match=expected):
        NameTemplate(template)


def test_values_never_leave_the_folder(folder):
    with pytest.raises(UsageError, match="no file can be named"):
        renamed(folder, "{model}", {"model": "../x"})


def test_a_picture_of_unknown_size_keeps_its_name(folder):
    plan = plan_jobs([folder / "a.png"], folder.parent / "out", recursive=False)
    made = rename_outputs(plan, NameTemplate("{width}"), lambda job: None)
    assert [job.output.name for job in made.jobs] == ["a.png"]


def test_a_file_has_a_name_already(folder):
    plan = plan_jobs([folder / "a.png"], folder.parent / "b.png", recursive=False)
    with pytest.raises(UsageError, match="OUTPUT is a file's name"):
        rename_outputs(plan, NameTemplate("{stem}"))
