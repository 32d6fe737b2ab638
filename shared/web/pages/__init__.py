"""The shell that every HTML page stands in: layout, styles, forms, lists, languages, errors. No script is needed."""
