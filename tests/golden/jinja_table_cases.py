"""The cells of the table that make_jinja_table.py writes: which expressions meet which values, and known differences."""
from jinja_tag_cases import templates

PRELUDE = "{% macro macro() %}m{% endmacro %}"  # also in src/jinja/table_test.cc

STRINGS = ["''", "'aB c'", "'ab,ab'", "' ßǅ1\\n²\\t'", "'-7'", "('<b>&'|safe)"]
VALUES = [
    "missing", "none", "true", "3", "-2.5", "''", "'aB c'", "'7'", "('<b>'|safe)", "[]", "[3, 1, 2]", "['b', 'A']",
    "[{'a': 2, 'b': 'x'}, {'a': 1}]", "(1, 'a')", "{}", "{'b': 1, 'a': [2]}", "range(3)", "{'k': 1}.items()",
    "namespace(a=1)", "macro"
]
ARGUMENTS = [
    "missing", "none", "true", "0", "2", "-1", "2.5", "''", "'a'", "'ab'", "('&'|safe)", "['a', 'b']", "('a', 'b')",
    "{'a': 1}", "macro"
]


def each(pattern, arguments=None):
    return [pattern.replace("A_", one) for one in (arguments or ARGUMENTS)]


def string_methods():
    plain = ("capitalize casefold isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isprintable "
             "isspace istitle isupper lower swapcase title upper").split()
    rows = [f"X.{name}{call}" for name in plain for call in ("()", "(none)", "(a=1)")]
    for name in "strip lstrip rstrip removeprefix removesuffix partition rpartition zfill expandtabs join".split():
        rows += [f"X.{name}()", *each(f"X.{name}(A_)"), f"X.{name}('a', 'b')", f"X.{name}(a=1)"]
    for name in "split rsplit".split():
        rows += [
            f"X.{name}()", *each(f"X.{name}(A_)"), *each(f"X.{name}('a', A_)"), *each(f"X.{name}(none, A_)"),
            f"X.{name}(sep=',')", f"X.{name}(maxsplit=1)", f"X.{name}(',', maxsplit=1)", f"X.{name}(',', 1, 1)"
        ]
    rows += [
        "X.splitlines()", *each("X.splitlines(A_)"), "X.splitlines(keepends=true)", "X.splitlines(1, 2)",
        "X.expandtabs(tabsize=3)", "X.expandtabs(1)"
    ]
    for name in "startswith endswith find rfind index rindex count".split():
        rows += [
            f"X.{name}()", *each(f"X.{name}(A_)"), *each(f"X.{name}('a', A_)"), *each(f"X.{name}('b', 0, A_)"),
            f"X.{name}('a', -3)", f"X.{name}('', 9)", f"X.{name}('', 1, 3)", f"X.{name}('a', 0, 1, 2)",
            f"X.{name}('a', start=1)"
        ]
    rows += ["X.startswith(('a', 1))", "X.startswith((1, 'a'))", "X.startswith(())", "X.endswith(('7', 'c'))"]
    rows += [
        "X.replace()", "X.replace('a')", *each("X.replace(A_, 'z')"), *each("X.replace('a', A_)"),
        *each("X.replace('a', '<', A_)"), "X.replace('', '-', 2)", "X.replace('a', 'b', count=1)",
        "X.replace('a', 'b', 1, 1)"
    ]
    for name in "center ljust rjust".split():
        rows += [
            f"X.{name}()", *each(f"X.{name}(A_)"), *each(f"X.{name}(7, A_)"), f"X.{name}(8, '*')",
            f"X.{name}(7, fillchar='*')", f"X.{name}(7, '*', 1)"
        ]
    rows += [
        "X.zfill(5)", "X.join('xyz')", "X.join(['<', '&'|safe])", "X.join({'p': 1, 'q': 2})", "X.join([1])",
        "X.join(['a']|map('upper'))"
    ]
    rows += [
        "X.translate()", *each("X.translate(A_)"), "X.translate({97: 'Z', 66: 67, 32: none})", "X.translate({97: 2.5})",
        "X.translate({97: -1})", "X.translate({97: missing})", "X.maketrans('ab', 'xy')", "X.maketrans('ab', 'x')",
        "X.maketrans('ab', 'xy', 'z')", "X.maketrans({'a': 'b', 1: none})", "X.maketrans({'ab': 1})", "X.maketrans(1)",
        "X.maketrans()", "X.translate(X.maketrans('ab', 'xy', 'c'))", "X.translate(['q']*98)", "X.translate('q'*98)"
    ]
    rows += ["X.encode()", "X.decode", "X.nothing", "X.__class__", "X.upper is callable", "X.format is defined"]
    return rows


def markup_methods():
    return [
        "X.striptags()", "X.unescape()", "X.escape('<')", "X.striptags is defined", "X ~ '<'", "X + '<'", "'<' + X",
        "X % 1", "X % '<'", "X % ('<',)", "X * 2", "X[0]", "X[1:]", "X|upper", "X|length", "X is escaped",
        "X == '<b>&'", "X|string", "X|e", "X|forceescape", "X|safe", "X|replace('<', '&')", "X|join('<')",
        "[X, '<']|join('>')", "X in '<b>&c'", "{X: 1}['<b>&']", "X|list", "X|first", "X|last", "X|reverse",
        "X|indent(2, true)", "X|title", "X|trim('<')", "X|truncate(3, true, '>', 0)", "X|center(9)", "X|urlencode",
        "X|wordcount", "X|striptags", "X|format(1)", "X|tojson", "X|capitalize", "X|lower", "X|batch(2)|list",
        "X|unique|list", "X|sort", "X|min", "[X]|map('upper')|list", "X|d('x')", "X|int", "X|float", "X|string|safe",
        "X|dictsort", "X.join(['<'])"
    ]


FORMATS = [
    "'{}'", "'{0}{0}'", "'{1}'", "'{x}'", "'{x.a}'", "'{x[a]}'", "'{x[0]}'", "'{0.a}'", "'{0[a]}'", "'{0[1]}'",
    "'{0[-1]}'", "'{!r}'", "'{!s}'", "'{!a}'", "'{!q}'", "'{!r:>9}'", "'{:5}'", "'{:<5}|'", "'{:>5}|'", "'{:^6}|'",
    "'{:*^7}|'", "'{:05}'", "'{:+}'", "'{: }'", "'{:-}'", "'{:d}'", "'{:b}'", "'{:o}'", "'{:x}'", "'{:X}'", "'{:#x}'",
    "'{:#b}'", "'{:#010x}'", "'{:n}'", "'{:c}'", "'{:e}'", "'{:E}'", "'{:f}'", "'{:F}'", "'{:g}'", "'{:G}'", "'{:%}'",
    "'{:.2}'", "'{:.2f}'", "'{:.0f}'", "'{:#.0f}'", "'{:.3g}'", "'{:.1%}'", "'{:.2e}'", "'{:8.3f}|'", "'{:<8.3f}|'",
    "'{:08.3f}'", "'{:+.1f}'", "'{:,}'", "'{:_}'", "'{:,.2f}'", "'{:_x}'", "'{:,x}'", "'{:012,}'", "'{:=6}'",
    "'{:=+6}'", "'{:.2s}'", "'{:s}'", "'{:>5s}'", "'{:=5s}'", "'{:q}'", "'{:5q}'", "'{:.}'", "'{:.d}'", "'{:.2d}'",
    "'{:,s}'", "'{:+s}'", "'{:#s}'", "'{:0s}|'", "'{:z.1f}'", "'{:{}}'", "'{:{w}}'", "'{:{}.{}f}'", "'{:>{0}}'",
    "'{{}}'", "'{{{}}}'", "'{'", "'}'", "'{0'", "'a}b'", "'{0}{}'", "'{}{0}'", "'{}{}'", "'{ 0 }'", "'{0.real}'",
    "'{0.imag}'", "'{0.nothing}'", "'{0.append}'", "'{0.__class__}'", "'{0[__class__]}'", "'{x!r:*>6}'", "'{:<}'",
    "'{:<<4}'", "'{0[}'", "'{0[a}'", "'{0[a]b}'", "'{.a}'", "'{[0]}'", "'{-1}'", "'{:é^5}'", "'{:1000000000000}'",
    "'{!}'", "'{!rs}'", "'{0!r}{0!s}'"
]
PERCENTS = [
    "'%s'", "'%r'", "'%a'", "'%d'", "'%i'", "'%u'", "'%x'", "'%X'", "'%o'", "'%e'", "'%E'", "'%f'", "'%F'", "'%g'",
    "'%G'", "'%c'", "'%%'", "'%5s|'", "'%-5s|'", "'%05d'", "'%+d'", "'% d'", "'%#x'", "'%#o'", "'%.2f'", "'%8.3f|'",
    "'%-8.1f|'", "'%08.2f'", "'%.3s'", "'%.3d'", "'%#g'", "'%#.0f'", "'%.0f'", "'%q'", "'%'", "'%(a)s'", "'%(b)r'",
    "'%s %s'", "'x'", "''", "'%ld'", "'%*d'", "'%.*f'", "'%(a)*d'", "'%('", "'%5%|'", "'%-+5d|'", "'%+s'", "'%05s|'",
    "'%-05d|'"
]
FORMATTED = [
    "missing", "none", "true", "42", "-1234567", "0", "65", "3.14159", "-0.0", "1e20", "0.00001", "'a'", "'it\\'s é'",
    "('<b>'|safe)", "[1, 'a']", "(1,)", "()", "(5, 6)", "{'a': 1, 'b': '<'}", "macro"
]


def formats():
    rows = each("A_.format(X)", FORMATS) + each("A_.format(X, 6, w=7, x=X)", FORMATS)
    rows += [
        "'{a}'.format_map(X)", "'{0}'.format_map(X)", "'{}'.format_map()", "'{a}'.format_map(X, 1)",
        "'{a}'.format_map(a=X)", "'{}'.format()", "'{}'.format(*[X])", "'{a}'.format(**{'a': X})",
        "('{}<'|safe).format(X)", "('{!r}'|safe).format(X)", "('{:>9}'|safe).format(X)",
        "('{a}'|safe).format_map({'a': X})", "('%s<'|safe) % X", "('%r'|safe) % (X,)", "('%d'|safe) % X",
        "('%(a)s'|safe) % X", "'{}'|format(X)", "'%s'|format(X)", "'%s-%s'|format(X, 1)", "'%(x)s'|format(x=X)",
        "'%(x)s'|format(1, x=X)", "'x'|format", "'%s'|format", "X|format", "X|format(1)", "('%s'|safe)|format(X)"
    ]
    return rows


def percents():
    return each("A_ % X", PERCENTS) + each("A_ % (X,)", PERCENTS) + [
        "'%*s' % (4, X)", "'%*s|' % (-4, 1)", "'%.*f' % (-2, 1)", "'%*s' % (X|length, 4)", "'%.*f' % (2, X)",
        "'%(a)s %(b)s' % X", "'%s' % {'a': X}"
    ]


def filters():
    plain = (
        "abs capitalize count d default dictsort e escape filesizeformat first float forceescape int items join last "
        "length list lower max min pprint reverse safe sort string striptags sum title tojson trim unique upper urlencode "
        "wordcount wordwrap xmlattr center indent truncate round batch slice groupby map select reject selectattr "
        "rejectattr replace attr format").split()
    lazy = set("items unique batch slice map select reject selectattr rejectattr reverse".split())
    rows = [f"X|{name}" + ("|list" if name in lazy else "") for name in plain]
    rows += each("X|abs(A_)", ["1"]) + ["X|upper(1)", "X|length(1)", "X|list(1)", "X|string(1)", "X|safe(1)", "X|e(1)"]
    for name in "attr batch center float int join sort sum unique max min truncate trim indent dictsort round".split():
        tail = "|list" if name in lazy else ""
        rows += each(f"X|{name}(A_){tail}")
    rows += each("X|batch(2, A_)|list") + each("X|slice(A_)|list") + each("X|slice(2, A_)|list") + each(
        "X|default('z', A_)")
    rows += each("X|dictsort(by=A_)") + [
        "X|dictsort(by='value')", "X|dictsort(reverse=true)", "X|dictsort(true, 'value', true)"
    ]
    rows += each("X|groupby(A_)") + each("X|groupby('a', A_)") + [
        "X|groupby('a', case_sensitive=true)", "(X|groupby('a')|first).grouper", "(X|groupby(0)|first).list"
    ]
    rows += each("X|indent(2, A_)") + ["X|indent('>', true, true)", "X|indent(first=true)"]
    rows += each("X|int(5, A_)") + each("X|int(default=A_)") + each("X|join('-', A_)") + [
        "X|join(attribute='a')", "X|join(d=',')"
    ]
    rows += each("X|map(A_)|list") + each("X|map(attribute=A_)|list") + each("X|map(attribute='a', default=A_)|list")
    rows += [
        "X|map('upper')|list", "X|map('int', 4)|list", "X|map('nope')|list", "X|map('upper', attribute='a')|list",
        "X|map()|list", "X|map(attribute='a', b=1)|list", "X|map('default', 'q', true)|list", "X|map('join', ',')|list"
    ]
    for name in "select reject".split():
        rows += each(f"X|{name}(A_)|list") + [
            f"X|{name}('odd')|list", f"X|{name}('in', [1, 'a', 'b'])|list", f"X|{name}('nope')|list",
            f"X|{name}('defined')|list", f"X|{name}('gt', 1)|list"
        ]
    for name in "selectattr rejectattr".split():
        rows += each(f"X|{name}(A_)|list") + [
            f"X|{name}('a', 'gt', 1)|list", f"X|{name}('b', 'defined')|list", f"X|{name}('b.c')|list",
            f"X|{name}('a', 'nope')|list", f"X|{name}(0)|list"
        ]
    rows += each("X|replace(A_, 'z')") + each("X|replace('a', A_)") + each("X|replace('b', 'z', A_)") + [
        "X|replace('a')"
    ]
    rows += each("X|round(1, A_)") + [
        "X|round(method='ceil')", "X|round(0, 'floor')", "X|round(2, 'common')", "X|round(-1)"
    ]
    rows += each("X|sort(case_sensitive=A_)") + each("X|sort(attribute=A_)") + [
        "X|sort(true)", "X|sort(attribute='a,b')", "X|sort(attribute=0)", "X|sort(reverse=true, attribute='a')"
    ]
    rows += each("X|sum('a', A_)") + each("X|sum(start=A_)") + ["X|sum(attribute='a')", "X|sum(start=[])", "X|sum(0)"]
    rows += each("X|tojson(A_)") + each("X|tojson(indent=A_)") + each("X|tojson(separators=A_)") + each(
        "X|tojson(sort_keys=A_)")
    rows += [
        "X|tojson(separators=(',', ':'))", "X|tojson(separators=[1, 2])", "X|tojson(separators='ab')",
        "X|tojson(true, 1, (',', ':'), true)"
    ]
    rows += each("X|truncate(5, A_)") + each("X|truncate(5, true, A_, 0)") + each("X|truncate(3, false, '.', A_)")
    rows += [
        "X|truncate(1)", "X|truncate(3, leeway=0)", "X|trim('a ')", "X|center(9)", "X|unique(true)|list",
        "X|unique(attribute='a')|list"
    ]
    rows += [
        "X|max(attribute='a')", "X|min(true)", "X|max(true, 'b')", "X|first(1)", "X|filesizeformat(true)",
        "X|xmlattr(false)"
    ]
    rows += [
        "X|wordwrap(3)", "X|wordwrap(2, false)", "X|attr('upper') is defined", "X|attr('a') is defined", "X|attr('b')"
    ]
    rows += [
        "X|nothing", "X is nothing", "X|tojson|safe", "X|float(missing)", "X|int|string", "X|random is defined",
        "X|urlize is defined"
    ]
    return rows


def more_filters():
    numbers = [
        "1023", "1000", "1", "0", "-3", "1500000", "2.5", "123456789012", "'12345'", "1e30", "true", "0.5", "1.005",
        "2.675", "-0.5", "1e15"
    ]
    return numbers, [
        "X|filesizeformat", "X|filesizeformat(true)", "X|round", "X|round(2)", "X|round(-2)", "X|round(1, 'ceil')",
        "X|round(-1, 'floor')", "X|int", "X|float", "X|abs", "X|string", "X|tojson", "X|int(base=16)", "X // 1",
        "X % 7", "X / 3", "X ** 2", "-X", "+X", "X is odd", "X is even", "X is divisibleby(3)", "X is number",
        "X is integer", "X is float", "X > 1", "X == 1", "X.real", "X.imag", "X.is_integer()", "X.numerator",
        "X.denominator", "X.bit_length()", "X.bit_count()", "X.conjugate()", "X.as_integer_ratio()", "X.hex()"
    ]


def texts():
    values = [
        "'one two-three  four\\nfive'", "'<p>A &amp; b<!-- c --> d</p> &lt;x&gt; &eacute; &#x41; &#66;'",
        "'a/b c?d=é&f'", "'The (quick) [brown] {fox} it\\'s <x'", "'x\\n\\n y\\r\\nz\\x0b w'", "'Straße ŉ ﬁ ΑΣ İ ǆ'",
        "'ab\\u2028c\\x85d\\x1ce'", "'0x1F'", "' 12_3 '", "'1__2'", "'-0b11'", "'1e3'", "'inf'", "'nan'", "'٣'", "'¼'",
        "'12.7'", "'1_0.5'", "'aaaaaaaaaaaaaaaaaaaa b'", "'long word ' * 9"
    ]
    return values, [
        "X|striptags", "X|urlencode", "X|title", "X.title()", "X.capitalize()", "X.swapcase()", "X.upper()",
        "X.lower()", "X.casefold()", "X|wordcount", "X|wordwrap(9)", "X|wordwrap(9, wrapstring='|')",
        "X|wordwrap(5, false)", "X|indent", "X|indent(1, true, true)", "X|truncate(12)", "X|truncate(12, leeway=0)",
        "X|truncate(12, true, '..')", "X.splitlines()", "X.split()", "X.split(none, 1)", "X.rsplit(none, 1)",
        "X.strip()", "X|trim", "X|int", "X|int(0, 16)", "X|int(0, 0)", "X|int(0, 2)", "X|int(7, 36)", "X|float",
        "X.isdigit()", "X.isdecimal()", "X.isnumeric()", "X.isalpha()", "X.isalnum()", "X.isspace()", "X.isprintable()",
        "X.isidentifier()", "X.istitle()", "X.isupper()", "X.islower()", "X.isascii()", "X is upper", "X is lower",
        "X|length", "X|reverse", "X[::-1]", "X|tojson", "X|tojson(true)", "X|e", "X|list|length", "X|unique|join",
        "X|sort|join", "X.expandtabs(4)", "X.center(40, '.')", "X|center(40)", "X.zfill(30)", "X|pprint", "X|string",
        "X|upper", "X|lower", "X|capitalize"
    ]


def tests():
    plain = (
        "boolean callable defined escaped even false filter float integer iterable lower mapping none number odd sequence string test true undefined "
        "upper").split()
    rows = [f"X is {name}" for name in plain] + [f"X is {name}(1)"
                                                 for name in plain] + ["X is not defined", "X is not none"]
    for name in "divisibleby eq equalto ne ge gt greaterthan le lessthan lt in sameas".split():
        rows += [f"X is {name}", *each(f"X is {name}(A_)"), f"X is {name}(1, 2)"]
    rows += [
        "X is eq X", "X is sameas X", "X is in X", "X is in [X]", "X is eq(other=1)", "X is sameas(other=none)",
        "X is divisibleby 2", "X is divisibleby(num=2)", "X is ==(1)", "X is upper is string", "'upper' is filter",
        "'odd' is test", "'nope' is filter", "'select' is filter", "'tojson' is filter", "'==' is test", "'lt' is test"
    ]
    return rows


def operators():
    rows = []
    for other in [
            "missing", "none", "true", "2", "-1.5", "''", "'a'", "[1]", "(1,)", "{'a': 1}", "range(3)", "('<'|safe)",
            "macro"
    ]:
        for sign in "+ - * / // % ** == < >= in ~ and or".split():
            rows += [f"X {sign} {other}", f"{other} {sign} X"]
    return rows + [
        "-X", "+X", "not X", "X is defined and X", "1 if X else 2", "X if X", "{X: 1}", "[X, X]", "(X,)", "X < X",
        "X <= X", "X == X", "X in X", "X in [X]"
    ]


def subscripts():
    rows = [
        "X.a", "X['a']", "X.0", "X[0]", "X[-1]", "X['0']", "X[1.0]", "X[true]", "X[missing]", "X[none]", "X[[]]",
        "X[{}]", "X[()]", "X[1, 2]", "X[X]", "X['upper'] is defined", "X.upper is defined", "X.items is defined",
        "X['items'] is defined", "X.append is defined", "X['append'] is defined", "X.update is defined",
        "X.index is defined", "X.count is defined", "X.copy is defined", "X.get is defined", "X.__class__",
        "X['__class__']", "X._a", "X.start", "X.stop", "X.step", "X()", "X(1)", "X(X)", "X.append(1)", "X.pop()",
        "X.clear()", "X.sort()", "X.update({})", "X.setdefault('a', 1)", "X.insert(0, 1)", "X.extend([1])",
        "X.remove(1)", "X.reverse()", "X.popitem()", "X.nothing()", "X.a.b", "X.a.b is defined", "X[0][0]", "X[99]",
        "X[-99]"
    ]
    for pattern in ["X[A_:]", "X[:A_]", "X[::A_]", "X[A_]"]:
        rows += each(pattern)
    for pattern in [
            "X.index(A_)", "X.count(A_)", "X.get(A_)", "X.get('z', A_)", "X.copy(A_)", "X.keys(A_)|list",
            "X.fromkeys(A_)"
    ]:
        rows += each(pattern)
    rows += [
        "X.index()", "X.index(1, 1)", "X.index(2, 0, 2)", "X.index(2, -1)", "X.index(3, none)", "X.count()",
        "X.count(1, 2)", "X.get()", "X.get('a', default=1)", "X.get(key='a')", "X.get([])", "X.get('a', 1, 2)",
        "X.copy()", "X.items()|list", "X.keys()|list", "X.values()|list", "X.items()", "X.keys()", "X.values()",
        "X.items()|length", "X.keys()[0]", "X.items(1)", "X.fromkeys()", "X.fromkeys('ab', 0)", "X.keys() == X.keys()",
        "X.values() == X.values()", "X.items() == X.items()", "X.keys().isdisjoint(['q'])", "X.keys().mapping",
        "X.copy() == X", "X.copy() is sameas X", "1 in X.values()", "'b' in X.keys()", "('b', 1) in X.items()",
        "X[::2]", "X[::-1]", "X[1:2]", "X[5:1]", "X[::0]", "X[-2:][0]"
    ]
    return rows


def functions():
    one = each("range(A_)") + each("range(1, A_)") + each("range(0, 5, A_)") + each("dict(A_)") + each(
        "namespace(A_)") + each("cycler(A_).next()") + each("joiner(A_)()") + each("strftime_now(A_)")
    one += [
        "range()", "range(1, 2, 3, 4)", "range(stop=3)", "range(100000)|length", "range(100001)|length",
        "range(0, -5, -2)|list", "range(3) == range(0, 3)", "range(0) == range(1, 1)", "range(3).index(2)",
        "range(3).count(1)", "range(9)[2:7:2]", "range(9)[::-1]", "range(3)[1]", "range(3)[5]", "2 in range(3)",
        "'a' in range(3)", "1.0 in range(3)", "range(3)|last", "range(3)|reverse|list", "range(3)|string",
        "range(1, 9, 2)", "range(3) + [1]", "range(3) * 2", "dict()", "dict(a=1, b=2)", "dict({'a': 1}, b=2)",
        "dict([('a', 1), ('b', 2)])", "dict([['a', 1]], a=2)", "dict(['ab', 'cd'])", "dict([1])", "dict({}, {})",
        "dict([('a', 1, 2)])", "dict.fromkeys(['a', 'b'])", "dict.fromkeys('ab', 1)", "dict(a=1) == {'a': 1}",
        "dict(**{'a': 1})", "dict(**{1: 2})", "dict(*[{'a': 1}])", "dict({'a': 1}.items())", "namespace()",
        "namespace(a=1, b='x')", "namespace({'a': 1}, b=2).b", "namespace([('a', 1)]).a", "namespace(_a=1)",
        "namespace(a=1).b", "namespace(a=1)['a']", "namespace(self=1).self", "namespace({}, {})", "namespace({1: 2})",
        "namespace(a=1) == namespace(a=1)", "namespace(a=1)|list", "namespace(a=1)|length", "cycler()",
        "cycler('a', 'b').current", "cycler('a', 'b').items", "cycler('a', 'b').pos", "cycler('a').reset()",
        "cycler(a=1)", "joiner()()", "joiner(sep='-')()", "joiner().sep", "joiner().used", "joiner('a', 'b')",
        "joiner()(1)", "raise_exception('x')", "raise_exception()", "strftime_now('%Y')", "strftime_now()",
        "strftime_now(format='%Y')", "strftime_now('')", "strftime_now('é%Y%%')",
        "strftime_now('%d/%m/%y %H:%M:%S %p %b %B %a %A %j %I %U %W %w %u %G %V %C %e %D %F %T %R %h %n %t')",
        "strftime_now('%f')", "strftime_now('%-d')", "strftime_now('%')", "strftime_now('%Q')",
        "strftime_now('%s')|length", "strftime_now('%c')", "strftime_now('%x')", "strftime_now('%X')",
        "lipsum is defined", "range is callable", "dict is callable", "missing is callable", "cycler is callable",
        "joiner() is callable", "namespace is callable", "namespace() is callable", "loop is defined",
        "self is defined", "super is defined", "caller is defined", "varargs is defined", "kwargs is defined",
        "context is defined", "environment is defined", "true is defined", "True", "False", "None", "none",
        "range(3) is sameas range(3)", "dict() is mapping", "namespace() is mapping", "namespace() is iterable"
    ]
    return one


def generators():
    values = ["[3, 0, 1]|select", "'ab'|map('upper')", "[1, 2, 3]|batch(2)", "{'a': 1}|items"]
    return values, [
        "X|list", "X|first", "X|last", "X|length", "X|join('-')", "X|sort", "X|reverse|list", "X|unique|list",
        "X|map('string')|list", "X|sum", "X|max", "X[0]", "X[1:]", "X.a", "X is iterable", "X is sequence",
        "X is defined", "X is callable", "X is mapping", "1 if X else 2", "X|list + X|list", "X|batch(2)|list",
        "X|slice(2)|list", "X|tojson", "3 in X", "X == X", "X + [1]", "X * 2", "X < X", "X|groupby(0)", "X|select|list",
        "X|dictsort", "dict(X)", "(1,) + (X|list)", "'x'.join(X)", "macro(*X)", "X|first ~ X|list", "{X: 1}|length",
        "-X", "X|abs", "X|int", "X|float", "X|round", "X|indent"
    ]


SECTIONS = {
    "string methods": (STRINGS, string_methods()),
    "markup": (["('<b>&'|safe)", "('a &lt;i&gt;x %s'|e)", "'<b>&'"], markup_methods()),
    "str.format": (FORMATTED, formats()),
    "percent": (FORMATTED, percents()),
    "filters": (VALUES, filters()),
    "generators": generators(),
    "numbers": more_filters(),
    "texts": texts(),
    "tests": (VALUES, tests()),
    "operators": (VALUES, operators()),
    "subscripts": (VALUES, subscripts()),
    "globals": (["0"], functions()),
}

TAGS = templates(PRELUDE, VALUES)

# Name: why we differ, and what "section: expression ; value" the cell matches.
DIFFERENCES = {
    "64 bits": ("integers have 64 bits; a result beyond them is refused, never wrong",
                r"numbers: X(\|int(\(base=16\))?|\.as_integer_ratio\(\)) ; 1e30|numbers: X \*\* 2 ; 123456789012|"
                r"tags: .*\b9223372036854775808\b.*"),
    "complex numbers": ("there are none", r"operators: X \*\* -1\.5 ; -2\.5"),
    "bytes": ("a template makes text: there are no bytes, so encode is refused", r"string methods: X\.encode\(\) ; .*"),
    "sets": ("the views of a dict are no sets: they have no difference, and no order",
             r"operators: (X - .*|.* - X|X <=? X) ; \{'k': 1\}\.items\(\)"),
    "mapping of a view": ("Python's read-only view of a dict is nothing a prompt would print",
                          r"subscripts: X\.keys\(\)\.mapping ; .*"),
    "class of undefined": ("an undefined value has no attributes at all", r".*__class__.* ; missing"),
    "random": ("refused when the template is read: its result differs from run to run",
               r"filters: X\|random .*|tags: .*(filter random|'random' is filter).*"),
    "lipsum": ("refused when called: it is random text", r"tags: .*lipsum\(\).*"),
    "layout of pages": (
        "wordwrap and urlize are refused when the template is read: they are long and no prompt needs them",
        r".*(wordwrap|urlize).*"),
    "long pprint": ("refused for what does not fit into a line of 80 characters: breaking it is long, and for people",
                    r"texts: X\|pprint ; 'long.*"),
    "autoescape": ("true is refused when the template is read: a prompt is no HTML",
                   r"tags: \{% autoescape true %\}.*"),
    "named escapes": ("\\N in a string is refused: it needs the names of all characters", r"tags: .*\\N\{.*"),
    "named entities": ("an HTML entity that is not one of XML's five or nbsp is refused",
                       r"texts: X\|striptags ; .*&(eacute|f).*"),
    "markup as indent": ("Python joins the lines of JSON with escapes when the indent is markup",
                         r"filters: X\|tojson\(indent=\('&'\|safe\)\) ; (\['b', 'A'\]|\(1, 'a'\))"),
    "extensions": ("do, as jinja2.ext.do has it, and from_json, which some published templates ask for, exist here",
                   r"tags: (\{% do .*|.*from_json.*) ; "),
}
