"""The analysts' library: questions to the graph, each a file of Cypher with a header that says what it answers.

`graph.questions.library` reads them, `graph.questions.binding` takes what a person gives for their parameters, and
`python -m graph.questions` writes their reference page.
"""
