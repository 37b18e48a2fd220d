"""`python -m graph.questions` writes `docs/reference/questions.md` anew."""

from graph.questions.page import write_page

write_page()
