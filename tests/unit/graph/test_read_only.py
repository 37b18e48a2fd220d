"""People's Cypher only reads: the words decide, and in doubt the answer is no."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import GraphRefused
from graph.read_only import refuse_writes

WRITES = [
    "CREATE (:Customer {customer_id: '1'})",
    "INSERT (:Customer {customer_id: '1'})",
    "MERGE (:Customer {customer_id: '1'})",
    "MATCH (c:Customer) SET c.region = 'north'",
    "MATCH (c:Customer) SET c:Vip",
    "MATCH (c:Customer) DELETE c",
    "MATCH (c:Customer) DETACH DELETE c",
    "MATCH (c:Customer) NODETACH DELETE c",
    "MATCH (c:Customer) REMOVE c.region",
    "MATCH (c:Customer) WITH collect(c) AS all FOREACH (c IN all | SET c.region = 'north')",
    "DROP INDEX customers",
    "DROP CONSTRAINT customers",
    "CREATE INDEX customers FOR (c:Customer) ON (c.region)",
    "CREATE CONSTRAINT customers FOR (c:Customer) REQUIRE c.customer_id IS UNIQUE",
    "LOAD CSV FROM 'file:///etc/hostname' AS line RETURN line",
    "MATCH (c:Customer) CALL { WITH c SET c.region = 'north' } RETURN count(*)",
    "MATCH (c:Customer) CALL (c) { SET c.region = 'north' } RETURN count(*)",
    "CALL { CREATE (:Customer) } IN TRANSACTIONS OF 10 ROWS",
    "MATCH (c:Customer) CALL { MATCH (d) RETURN d } IN TRANSACTIONS RETURN c",
    "CREATE USER eve SET PASSWORD 'abcdefgh'",
    "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'b'",
    "GRANT ROLE admin TO eve",
    "REVOKE ROLE admin FROM eve",
    "DENY READ {*} ON GRAPH * TO eve",
    "RENAME USER a TO b",
    "TERMINATE TRANSACTION 'neo4j-transaction-1'",
    "STOP DATABASE neo4j",
    "USE system SHOW INDEXES",
    "USING PERIODIC COMMIT LOAD CSV FROM 'a' AS line CREATE (:Customer)",
    "EXPLAIN CREATE (:Customer)",
    "PROFILE CREATE (:Customer)",
    "CYPHER 5 CREATE (:Customer)",
    "MATCH (c) RETURN c UNION CREATE (d:Customer) RETURN d AS c",
    "RETURN 1; CREATE (:Customer)",
    "RETURN 1;;",
]

READS = [
    "MATCH (c:Customer) RETURN c",
    "match (c:Customer {customer_id: $customer})-[r:INTERESTED_IN]->(t) return t.name order by r.weight limit 5",
    "MATCH (c:Customer) OPTIONAL MATCH (c)-[:BOUGHT]->(p) RETURN c.customer_id, collect(p.name)",
    "UNWIND [1, 2.5, 3e2, 0x1F] AS number RETURN number;",
    "WITH 1 AS one RETURN one UNION ALL RETURN 2 AS one",
    "RETURN 'CREATE (n) // no comment' AS text, \"DELETE\" AS more",
    "RETURN 'it\\'s SET' AS text",
    "MATCH (c:Customer) RETURN c.name AS `CREATE`",
    "MATCH (c:Set)-[:CREATE]->(:Delete) RETURN c.set, c.merge, c . load, c{.remove, .drop}",
    "RETURN {set: 1, create: 2} AS map, $delete AS parameter",
    "MATCH (c) /* DELETE everything? no */ RETURN c // CREATE nothing",
    "MATCH (c)\r\nRETURN c // ends as on Windows\r\nLIMIT 1",
    "MATCH (c) WHERE EXISTS { MATCH (c)-[:BOUGHT]->() } RETURN count(c)",
    "CALL { MATCH (c) RETURN c } RETURN c",
    "MATCH (c) CALL (c) { MATCH (c)-->(d) RETURN d } RETURN d",
    "CALL db.labels() YIELD label RETURN label",
    "CALL db.relationshipTypes",
    "CALL db . propertyKeys()",
    "SHOW INDEXES YIELD name",
    "SHOW CONSTRAINTS",
    "MATCH (k:Kunde) RETURN k.größe, k.setting, k.created_at, k.dataset",
    "MATCH p = (a)-[*1..3]->(b) RETURN nodes(p)[0..2]",
]

DISGUISES = [
    ("RETURN 1 AS one // \r CREATE (:Customer)", "//"),
    ("RETURN 1 AS one // \u2028 CREATE (:Customer)", "//"),
    ("\\u0043REATE (:Customer)", "\\u"),
    ("RETURN '\\u0027 CREATE (:Customer) //'", "\\u"),
    ("RETURN `\\u0060 CREATE (:Customer) //`", "\\u"),
    ("MATCH (c:Customer) \u017fet c.region = 'north'", "\u017fet"),
    ("MATCH (c:Customer) WHERE c.age = 1SET c.region = 'north'", "1"),
    ("MATCH (c:Customer) WITH c, 1.SET c.region = 'north'", "SET"),
    ("MATCH (c:Customer) WITH c, 1_000.SET c.region = 'north'", "1"),
    ("MATCH (c:Customer)\u00a0SET\u00a0c.region = 'north'", "SET"),
    ("MATCH (c:Customer)/**/SET/**/c.region = 'north'", "SET"),
    ("MATCH (c:Customer) RETURN c.name AS set", "set"),
    ("RETURN 'never closed", "'"),
    ("RETURN `never closed", "`"),
    ("RETURN 1 /* never closed", "/"),
    ("RETURN 1 \u200b", "\u200b"),
    ("RETURN 1 \\ 2", "\\"),
    ("MATCH (c) RETURN [x IN c.all | SET]", "SET"),
]

PROCEDURES = [
    "CALL dbms.killQuery('1')",
    "CALL apoc.cypher.doIt('CREATE (n)', {})",
    "CALL db.labels.more()",
    "CALL `db`.`labels`()",
    "CALL db.createLabel('Customer')",
    "MATCH (c) CALL merge.node(['Customer'], {}) YIELD node RETURN node",
    "CALL $procedure()",
    "RETURN 1 UNION CALL meta.schema()",
    "CALL",
]


@pytest.mark.parametrize("statement", WRITES)
def test_a_statement_that_writes_is_refused(statement: str) -> None:
    with pytest.raises(GraphRefused):
        refuse_writes(statement)


@pytest.mark.parametrize("statement", READS)
def test_a_statement_that_only_reads_passes(statement: str) -> None:
    refuse_writes(statement)


@pytest.mark.parametrize(("statement", "named"), DISGUISES)
def test_a_disguised_write_is_refused_and_the_doubtful_word_named(statement: str, named: str) -> None:
    with pytest.raises(GraphRefused) as refused:
        refuse_writes(statement)
    assert refused.value.what.startswith(f"`{named}`")


@pytest.mark.parametrize("statement", PROCEDURES)
def test_a_procedure_outside_the_allow_list_is_refused(statement: str) -> None:
    with pytest.raises(GraphRefused, match="CALL"):
        refuse_writes(statement)


@pytest.mark.parametrize("statement", ["SHOW USERS", "SHOW TRANSACTIONS", "SHOW DATABASES", "SHOW SETTINGS", "SHOW"])
def test_the_server_s_own_matters_are_not_shown(statement: str) -> None:
    with pytest.raises(GraphRefused, match="INDEXES and CONSTRAINTS only"):
        refuse_writes(statement)


@pytest.mark.parametrize("statement", ["", "  \n", "// only a comment", ";"])
def test_an_empty_question_is_refused(statement: str) -> None:
    with pytest.raises(GraphRefused, match="no question"):
        refuse_writes(statement)


def test_a_refusal_says_which_word_where_and_how_to_quote_it() -> None:
    with pytest.raises(GraphRefused) as refused:
        refuse_writes("MATCH (c:Customer)\nRETURN c.name AS set")
    assert refused.value.what == "`set` could write, and questions only read."
    assert refused.value.where == "line 2, column 18"
    assert "`set`" in refused.value.remedy
    assert refused.value.exit_code == 5


SPACES = st.text(alphabet=" \t\n\u00a0\u2003", min_size=1, max_size=3)
COMMENTS = st.builds("/*{}*/".format, st.text(alphabet="aE '\"`\n;*", max_size=6))
LINE_COMMENTS = st.builds("//{}\n".format, st.text(alphabet="aE '\"`;/*", max_size=6))
GAPS = st.lists(st.one_of(SPACES, COMMENTS, LINE_COMMENTS), min_size=1, max_size=3).map("".join)
TEXTS = st.text(alphabet=" ;'\"`/*\\abCREATE", max_size=12)


@st.composite
def written_oddly(draw: st.DrawFn, statement: str) -> str:
    """The statement with every space replaced by spaces and comments, and every letter of its words in any case."""
    parts = [
        draw(GAPS) if part == " " else part for part in statement.replace("  ", " ").replace(" ", "\0 \0").split("\0")
    ]
    return "".join(letter.swapcase() if draw(st.booleans()) else letter for part in parts for letter in part)


@given(st.sampled_from(WRITES).flatmap(written_oddly))
def test_a_write_is_refused_in_any_case_and_with_any_spaces_and_comments(statement: str) -> None:
    with pytest.raises(GraphRefused):
        refuse_writes(statement)


@given(
    before=st.sampled_from(READS[:5]),
    write=st.sampled_from(["CREATE (:A)", "MERGE (:A)", "DETACH DELETE n", "REMOVE n.x", "LOAD CSV FROM 'a' AS b"]),
    gap=GAPS,
    text=TEXTS,
)
def test_a_write_after_any_text_or_comment_is_refused(before: str, write: str, gap: str, text: str) -> None:
    quoted = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    with pytest.raises(GraphRefused):
        refuse_writes(f"{before.rstrip(';')}{gap}WITH {quoted} AS text{gap}{write}")


@given(TEXTS, st.sampled_from("'\""))
def test_whatever_stands_in_a_text_is_no_word(text: str, mark: str) -> None:
    quoted = mark + text.replace("\\", "\\\\").replace(mark, "\\" + mark) + mark
    refuse_writes(f"RETURN {quoted} AS text")


@given(st.text(alphabet=" ;'\"/*\\CREATE", min_size=1, max_size=12))
def test_whatever_stands_in_backticks_is_a_name(name: str) -> None:
    refuse_writes(f"MATCH (n) RETURN n.`{name}`")


@given(st.text(max_size=40))
def test_any_text_is_either_passed_or_refused_with_a_remedy(statement: str) -> None:
    try:
        refuse_writes(statement)
    except GraphRefused as refused:
        if not refused.remedy:
            pytest.fail(f"{refused} names no remedy")
