"""One module for each verb of `imgan`; it is imported when the verb is used."""
