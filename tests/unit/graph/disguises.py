"""Writing statements in every disguise that a server may see through, and reading ones that look dangerous."""

from hypothesis import strategies as st

WRITES = (
    "CREATE (:Row)",
    "INSERT (:Row)",
    "MERGE (:Row {x: 5})",
    "MATCH (n) SET n.x = 2",
    "MATCH (n) SET n:Other",
    "MATCH (n) SET n += {x: 3}",
    "MATCH (n) REMOVE n.x",
    "MATCH (n) DELETE n",
    "MATCH (n) DETACH DELETE n",
    "MATCH (n) FOREACH (i IN [1] | SET n.x = 2)",
    "LOAD CSV FROM 'file:///etc/hostname' AS line RETURN line",
    "CALL apoc.cypher.doIt('CREATE (:Row)', {}) YIELD value RETURN value",
    "CALL db.createLabel('Other')",
    "CREATE INDEX sly FOR (n:Row) ON (n.x)",
    "DROP INDEX sly IF EXISTS",
    "CREATE CONSTRAINT sly FOR (n:Row) REQUIRE n.x IS UNIQUE",
    "USE system CREATE (:Row)",
    "TERMINATE TRANSACTION 'neo4j-transaction-1'",
    "SHOW USERS",
    "ALTER CURRENT USER SET PASSWORD FROM 'a' TO 'b'",
    "RETURN apoc.create.vNode(['Row'], {}) AS n",
    "RETURN util.sleep(100000) AS slept",
)
"""Each of them would change something, reach past the graph, or hold the server up."""

GAPS = st.sampled_from(
    [
        *(" ", "\n", "\t", "\r\n", "\u00a0", "\u2003", "\u200b", "\ufeff", "\u00ad", "\u2060", "\x0b", "\x1c"),
        *(
            "/**/",
            "/* ; */",
            "/* ' */",
            '/* " */',
            "/* ` */",
            "//\n",
            "// '\n",
            "// /*\n",
            "/*//*/",
            "//\r",
            "//\u2028",
        ),
    ]
)
INVISIBLE = st.sampled_from(["", "", "", "\u200b", "\u200d", "\u00ad", "\ufeff", "\u2060", "\u0301"])
WIDE = str.maketrans({letter: chr(ord(letter) + 0xFEE0) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"})
WRAPPINGS = (
    "{}",
    "CALL {{ {} }} RETURN 1 AS one",
    "CALL () {{ {} }} RETURN 1 AS one",
    "MATCH (m) CALL (m) {{ {} }} RETURN m",
    "MATCH (m) WHERE EXISTS {{ {} }} RETURN m",
    "RETURN COUNT {{ {} }} AS number",
    "RETURN COLLECT {{ {} }} AS all",
    "RETURN [x IN [1] | COUNT {{ {} }}] AS all",
    "RETURN 1 AS one UNION {}",
    "RETURN 1 AS one UNION ALL {}",
    "RETURN 1 AS one; {}",
    "{};",
    "EXPLAIN {}",
    "PROFILE {}",
    "CYPHER 5 {}",
    "CYPHER runtime=slotted {}",
    "CYPHER planner=cost EXPLAIN {}",
    "OPTIONAL {}",
    "UNWIND [1] AS x {}",
    "WITH 1 AS `MATCH` {}",
    "WITH '}}' AS text {}",
    "MATCH (`a``b`) WITH `a``b` AS m {}",
    "MATCH (n) RETURN n.x AS x // \n {}",
    "/* {{ */ {}",
    "CALL {{ {} }} IN TRANSACTIONS",
    "WHEN true THEN {{ {} }}",
)


@st.composite
def disguised_writes(draw: st.DrawFn) -> str:
    """A writing statement, wrapped, its words pulled apart, in any case, with letters that look the same."""
    statement = draw(st.sampled_from(WRITES))
    words = [_in_any_case(draw, word) for word in statement.split(" ")]
    place = draw(st.integers(0, len(words) - 1))
    words[place] = _spelled(draw, words[place])
    text = words[0] + "".join(draw(st.sampled_from([" ", " ", draw(GAPS)])) + word for word in words[1:])
    for _ in range(draw(st.integers(0, 2))):
        text = draw(st.sampled_from(WRAPPINGS)).format(text)
    return draw(st.sampled_from(["", draw(GAPS)])) + text + draw(st.sampled_from(["", ";", " //", "\n// x", " /* */"]))


def _in_any_case(draw: st.DrawFn, word: str) -> str:
    return draw(st.sampled_from([word, word, word.lower(), word.title(), word.swapcase()]))


def _spelled(draw: st.DrawFn, word: str) -> str:
    """The word as it is, in wide letters, with an escape for a letter, a long s, or something invisible inside."""
    middle = len(word) // 2
    return draw(
        st.sampled_from(
            [
                word,
                word,
                word.translate(WIDE),
                word.replace("S", "\u017f"),
                word.replace("K", "\u212a"),
                f"\\u{ord(word[0]):04X}{word[1:]}",
                f"\\U{ord(word[0]):08X}{word[1:]}",
                word[:middle] + draw(INVISIBLE) + word[middle:],
            ]
        )
    )


SCARY = st.sampled_from(
    [
        *(
            "CREATE (n)",
            "'; DROP",
            "SET n.x = 1",
            "//",
            "/*",
            "*/",
            "DETACH DELETE",
            "LOAD CSV",
            "}",
            ")",
            ";",
            "\u2028",
        ),
        *("USE system", "CALL dbms.shutdown()", "a", " ", "\u200b", "\n", "REMOVE", "\u017fet"),
    ]
)
SCARY_TEXTS = st.lists(SCARY, max_size=4).map(" ".join)


@st.composite
def reading_statements(draw: st.DrawFn) -> str:
    """A statement that only reads, with frightening texts, names, comments and properties."""
    mark = draw(st.sampled_from("'\""))
    text = mark + draw(SCARY_TEXTS).replace("\\", "\\\\").replace(mark, "\\" + mark) + mark
    name = "`" + (draw(SCARY_TEXTS).replace("`", "``") or "a") + "`"
    word = draw(st.sampled_from(["set", "create", "merge", "delete", "use", "load", "remove", "call", "insert"]))
    comment = draw(st.sampled_from(["", "/* DETACH DELETE n */", "// CREATE (n)\n", "/* ' */"]))
    shape = draw(
        st.sampled_from(
            [
                "MATCH (n:{name}) {comment} WHERE n.{word} = {text} RETURN n.{word} AS {name}",
                "MATCH (n {{{word}: {text}}}) RETURN n{{.{word}, {name}: {text}}} AS found",
                "MATCH (n)-[r:{word}|{name}]->(m) RETURN type(r) AS type {comment} LIMIT 3",
                "UNWIND [{text}, {text}] AS x RETURN toUpper(x) AS {name} ORDER BY {name};",
                "MATCH (n) WHERE EXISTS {{ MATCH (n)-->(m) WHERE m.{name} = {text} }} RETURN count(n) AS number",
                "CALL (*) {{ MATCH (n) RETURN n }} RETURN n.{word} AS a, ${word} AS b",
                "RETURN {{{word}: 1, {name}: {text}}} AS map, ${name} AS parameter {comment}",
                "MATCH (n) RETURN CASE WHEN n.{word} IS NULL THEN {text} END AS a UNION RETURN {text} AS a",
                "MATCH p = shortestPath((a)-[*..3]-(b)) RETURN [x IN nodes(p) | x.{word}] AS all {comment}",
                "RETURN date.truncate('month', date({text})) AS month, duration({{days: 1}}) AS day",
            ]
        )
    )
    return shape.format(text=text, name=name, word=word, comment=comment)
