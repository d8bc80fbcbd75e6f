"""What television's machines take and give: line 21 captions (SCC), EBU-STL, SAMI. ttconv reads the two binary ones."""
