import numpy as np

from imgan.training.sheets import arrange


def test_pictures_of_any_size_lie_in_cells_of_one_size_on_white() -> None:
    """Cells are 3 by 4 pixels and two apart: 2 * 3 + 2 high, 2 * 4 + 2 wide."""
    low, high = np.zeros((3, 2, 3), np.uint8), np.full((1, 4, 3), 9, np.uint8)
    sheet = arrange([[low, high], [high, low]])
    assert (sheet.shape, sheet.dtype) == ((8, 10, 3), np.uint8)
    expected = np.full((8, 10, 3), 255, np.uint8)
    expected[:3, :2], expected[:1, 6:] = 0, 9
    expected[5:6, :4], expected[5:, 6:8] = 9, 0
    np.testing.assert_array_equal(sheet, expected)
