"""After a table was put back to an earlier moment: the steps of money rule 29, as docs/restore.md tells them."""
