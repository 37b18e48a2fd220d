"""One module per group of commands. They read arguments, call one function of `pipelines`, and show what came out."""
