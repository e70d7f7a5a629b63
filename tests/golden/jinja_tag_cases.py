"""Whole templates for the table that make_jinja_table.py writes: tags, white space and the grammar of expressions."""


def whitespace():
    """Every sign at every edge of a tag, between text with lines and blanks."""
    rows = []
    for opening in ["{{", "{{-", "{{+"]:
        for closing in ["}}", "-}}", "+}}"]:
            rows += [f"a \n  {opening} 1 {closing} \n b", f"  {opening} 1 {closing}\n\n", f"{opening}-1{closing}x"]
    for opening in ["{%", "{%-", "{%+"]:
        for closing in ["%}", "-%}", "+%}"]:
            rows += [f"a \n  {opening} if true {closing} \n b\n {opening} endif {closing}\n\n c",
                     f"  {opening}if 1{closing}\n{opening}endif{closing}\n",
                     f"a {opening} raw {closing} \n {{{{ x }}}} \n {opening} endraw {closing} \n b",
                     f"x{opening}set a = 1{closing} \n {{{{ a }}}}"]
    for opening in ["{#", "{#-", "{#+"]:
        for closing in ["#}", "-#}", "+#}"]:
            rows += [f"a \n  {opening} c {closing} \n b", f" {opening}{closing}\n\nb"]
    return rows


PER_VALUE = """
{% for x in V_ %}[{{ x }}]{% else %}none{% endfor %}
{% for a, b in V_ %}{{ a }}{{ b }};{% endfor %}
{% for x in V_ %}{{ loop.index }}{{ loop.last }}{{ loop.length }}{% endfor %}
{% set a, b = V_ %}{{ a }}{{ b }}
{% set (a,) = V_ %}{{ a }}
{% set x = V_ %}{% set x.y = 1 %}{{ x.y }}
{% set x %}{{ V_ }}{% endset %}{{ [x] }}
{% with x = V_ %}{{ x is defined }}{% endwith %}
{% if V_ %}yes{% else %}no{% endif %}
{% call V_() %}x{% endcall %}
{% print V_ %}
{{ V_ }}
{{ macro(*V_) }}
{{ dict(**V_) }}
{{ raise_exception(V_) }}
""".strip().split("\n")

LOOP = "{% for x in 'abc' %}{{ loop.A_ }},{% endfor %}"
LAZY_LOOP = "{% for x in 'abc'|list|map('upper') %}{{ loop.A_ }},{% endfor %}"
CHOSEN_LOOP = "{% for x in [1, 2, 3, 4] if x is even %}{{ loop.A_ }},{% endfor %}"
LOOP_ATTRIBUTES = ("index index0 revindex revindex0 first last length depth depth0 previtem nextitem nothing").split()

LOOPS = """
{% for x in 'abc' %}{{ loop.cycle() }}{% endfor %}
{% for x in 'abc' %}{{ loop.cycle(1) }}{% endfor %}
{% for x in 'abc' %}{{ loop.cycle('p', 'q') }}{% endfor %}
{% for x in 'aab' %}{{ loop.changed(x) }}{% endfor %}
{% for x in 'aab' %}{{ loop.changed() }}{% endfor %}
{% for x in 'aab' %}{{ loop.changed(x, 1) }}{% endfor %}
{% for x in 'aab' %}{{ loop.changed(a=x) }}{% endfor %}
{% for x in 'ab' %}{{ loop }}{% endfor %}
{% for x in 'ab' %}{{ loop|length }}{% endfor %}
{% for x in 'ab' %}{{ loop() }}{% endfor %}
{% for x in 'ab' %}{{ loop(x) }}{% endfor %}
{% for x in ['a'] recursive %}{{ x }}{{ loop([]) }}{% endfor %}
{% for x in [[1, 2], [3]] recursive %}<{{ loop(x) if x is iterable else x }}>{% endfor %}
{% for x in [[1, 2], [3]] recursive %}{{ loop.depth }}{{ loop.depth0 }}{{ loop(x) if x is iterable }}{% endfor %}
{% for x in [1] recursive %}{{ loop() }}{% endfor %}
{% for x in [1] recursive %}{{ loop([], 1) }}{% endfor %}
{% for x in [[1]] recursive %}{{ loop(iterable=x) if x is iterable else x }}{% endfor %}
{% for loop in [1] %}{% endfor %}
{% for x in [1] %}{% set loop = 5 %}{{ loop }}{% endfor %}
{% set loop = 1 %}{% for x in [1] %}{{ loop }}{% endfor %}{{ loop }}
{% for x in [1, 2] %}{% for y in 'ab' %}{{ loop.index }}{% endfor %}{{ loop.index }}{% endfor %}
{% for x in [1, 2] %}{% set o = loop %}{% for y in 'ab' %}{{ o.index }}{{ loop.index }} {% endfor %}{% endfor %}
{{ loop }}
{{ loop.index }}
{% for x in [] %}{% else %}{{ loop }}{% endfor %}
{% for x in [1] %}{% macro m() %}{{ loop is defined }}{{ x }}{% endmacro %}{{ m() }}{% endfor %}
{% for x in [1, 2, 3] %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% else %}e{% endfor %}
{% for x in [1, 2, 3] %}{% if x == 2 %}{% continue %}{% endif %}{{ x }}{% endfor %}
{% break %}
{% if 1 %}{% continue %}{% endif %}
{% for x in [1] %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}
{% for x in [1, 2] %}{% with %}{% break %}{% endwith %}{% endfor %}
{% for x in [1, 2] %}{{ x }}{% filter upper %}a{% break %}{% endfilter %}{% endfor %}
{% for x in [1, 2] %}{{ x }}{% set y %}a{% continue %}{% endset %}{% endfor %}
{% for x in [1, 2] %}{% call macro() %}{% break %}{% endcall %}{% endfor %}
{% for x in [1, 2] %}{% block a %}{% break %}{% endblock %}{% endfor %}
{% for x in [1, 2] %}{% for y in [1] %}{% break %}{% endfor %}{{ x }}{% endfor %}
{% for x in [] %}{% else %}{% break %}{% endfor %}
{% for a in [1, 2] %}{% for x in [] %}{% else %}{% break %}{% endfor %}{{ a }}{% endfor %}
{% for x in [1, 2, 3] if x > 1 %}{{ x }}{% endfor %}
{% for x in [1, 2, 3] if loop %}{{ x }}{% endfor %}
{% for x in [1, 2, 3] if loop.index %}{{ x }}{% endfor %}
{% for x in [1] if y %}{{ x }}{% else %}{{ y is defined }}{% endfor %}
{% for x in 1, 2 %}{{ x }}{% endfor %}
{% for x in [1], %}{{ x }}{% endfor %}
{% for x in (1, 2) recursive %}{{ x }}{% endfor %}
{% for x, in [[1], [2]] %}{{ x }}{% endfor %}
{% for (x, y), z in [((1, 2), 3)] %}{{ x }}{{ y }}{{ z }}{% endfor %}
{% for x in [1] if true else [] %}{{ x }}{% endfor %}
{% for x in ([1] if true else []) %}{{ x }}{% endfor %}
{% for x.y in [1] %}{% endfor %}
{% for 1 in [1] %}{% endfor %}
{% for x in %}{% endfor %}
{% for in [1] %}{% endfor %}
{% for x [1] %}{% endfor %}
{% for x in [1] %}{% endfor x %}
{% for x in [1] %}{% else %}{% else %}{% endfor %}
{% for x in [1] %}{% elif x %}{% endfor %}
{% for x in 'abc' %}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}
{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{{ loop.nextitem }}{% endfor %}
{% for x in [1, 2] %}{% set ns = namespace(a=x) %}{% endfor %}{{ ns is defined }}
{% set x = 0 %}{% for x in [1, 2] %}{% endfor %}{{ x }}
{% set y = 0 %}{% for x in [1, 2] %}{% set y = y + x %}{{ y }}{% endfor %}{{ y }}
{% for x in [1, 2] %}{% if x == 1 %}{% set z = 5 %}{% endif %}{{ z }}{% endfor %}
{% set z = 1 %}{% for x in [1, 2] %}{% if x == 1 %}{% set z = 5 %}{% endif %}{{ z }}{% endfor %}
{% set ns = namespace(n=0) %}{% for x in range(3) %}{% set ns.n = ns.n + x %}{% set ns.m = x %}{% endfor %}{{ ns }}
{% set g = [1, 2, 3]|map('string') %}{% for x in g %}{{ x }}{% break %}{% endfor %}{{ g|list }}
{% set g = [1, 'a']|map('abs') %}{{ g|first }}
{% set g = [1, 2]|map('nope') %}ok
{% set g = none|items %}ok{{ g is defined }}
{% set g = [2, none]|select('odd') %}{{ 1 if g else 2 }}
{{ [1, 2, none]|select('odd')|first }}
{{ [1, none]|map('abs')|list }}
{% for x in [1, 2, none]|map('abs') %}{{ x }}{% if x == 2 %}{% break %}{% endif %}{% endfor %}
{{ 2 in ([1, 2, none]|map('abs')) }}
{% set g = [1, 2, 3]|map('abs') %}{{ 2 in g }}{{ g|list }}
{% set ns = namespace(l=[1]) %}{% set g = ns.l|map('string') %}{% set ns.l = [5] %}{{ g|list }}
""".strip().split("\n")

STATEMENTS = """
{% if a %}{% endif %}
{% if 1, 2 %}x{% endif %}
{% if (1 if 2 else 3) %}x{% endif %}
{% if 1 if 2 else 3 %}x{% endif %}
{% if not 1 %}a{% elif none %}b{% elif 0 or 3 %}c{% else %}d{% endif %}
{% if 1: %}x{% endif %}
{% if 1 %}{% if 0 %}{% else %}y{% endif %}{% endif %}
{% if 1 %}{% else %}{% elif 1 %}{% endif %}
{% if %}{% endif %}
{% endif %}
{% if 1 %}
{% if 1 %}{% endfor %}
{% set a = 1 %}{{ a }}
{% set a, b = 1, 2 %}{{ a }}{{ b }}
{% set a = 1, %}{{ a }}
{% set (a, b) = 'xy' %}{{ a }}{{ b }}
{% set a, (b, c) = 1, [2, 3] %}{{ a }}{{ b }}{{ c }}
{% set a, b = 1 %}
{% set a, b = [1] %}
{% set a, b = [1, 2, 3] %}
{% set a = b = 1 %}
{% set a %}x{{ 1 }}{% endset %}{{ a }}
{% set a | upper %}x{% endset %}{{ a }}
{% set a | replace('x', 'y') | upper %}x{% endset %}{{ a }}
{% set a|nope %}x{% endset %}
{% set a.b = 1 %}
{% set a, b %}xy{% endset %}{{ a }}{{ b }}
{% set ns = namespace() %}{% set ns.a %}x{% endset %}{{ ns.a }}
{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}
{% set ns = namespace() %}{% set ns.a, b = 1, 2 %}{{ ns.a }}{{ b }}
{% set ns = namespace() %}{% set ns._a = 1 %}
{% set ns = namespace() %}{% set ns.a.b = 1 %}
{% set ns = namespace(a=1) %}{% set ns['a'] = 2 %}
{% set ns = {'a': 1} %}{% set ns.a = 2 %}
{% set true = 1 %}
{% set none = 1 %}
{% set None = 1 %}
{% set 'a' = 1 %}
{% set a() = 1 %}
{% set a[0] = 1 %}
{% set = 1 %}
{% set a == 1 %}
{% set a += 1 %}
{% set a = %}
{% set a 1 %}
{% set if = 1 %}{{ if }}
{% set in = 1 %}
{% set not = 1 %}
{% macro m() %}x{% endmacro %}{{ m() }}
{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(a=4) }}{{ m(b=1) }}
{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{% endmacro %}{{ m(b=2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}
{% macro m(a) %}{{ varargs }}{% endmacro %}{{ m(1, 2, 3) }}
{% macro m(a) %}{{ kwargs }}{% endmacro %}{{ m(b=1, a=2, c=3) }}
{% macro m(a) %}{{ kwargs }}{% endmacro %}{{ m(1, a=2) }}
{% macro m(a, a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a=1, b) %}{% endmacro %}
{% macro m(a,) %}{% endmacro %}
{% macro m(1) %}{% endmacro %}
{% macro m %}{% endmacro %}
{% macro m() %}{% endmacro m %}
{% macro %}{% endmacro %}
{% macro true() %}{% endmacro %}
{% macro m(true) %}{% endmacro %}
{% macro m(a=b, b=2) %}{{ a }}{% endmacro %}{{ m() }}
{% set b = 7 %}{% macro m(a=b, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m() }}
{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(3) }}{{ m(3, 4) }}
{% macro m(a) %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}
{% macro m() %}{{ kwargs }}{{ varargs }}{{ caller }}{% endmacro %}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}
{% macro m(a, b=1) %}{% endmacro %}{{ m }}{{ m.arguments }}{{ m.nothing is defined }}
{% macro m() %}a{% endmacro %}{{ m() + 'b' }}{{ [m()] }}
{% macro m() %}{{ m is defined }}{% endmacro %}{{ m() }}
{{ m() }}{% macro m() %}x{% endmacro %}
{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}{% set x = 2 %}{{ m() }}
{% macro m() %}{% set x = 1 %}{% endmacro %}{{ m() }}{{ x is defined }}
{% macro m(x) %}{{ x }}{% endmacro %}{{ m(missing) }}{{ m(none) }}
{% macro m(x) %}{{ x is defined }}{{ x }}{% endmacro %}{{ m() }}
{% macro m(x) %}{{ x.y }}{% endmacro %}{{ m() }}
{% macro m() %}{% macro n() %}i{% endmacro %}{{ n() }}{% endmacro %}{{ m() }}{{ n is defined }}
{% macro m(a) %}{{ a }}{% if a %}{{ m(a - 1) }}{% endif %}{% endmacro %}{{ m(3) }}
{% if true %}{% macro m() %}x{% endmacro %}{% endif %}{{ m() }}
{% for x in [1] %}{% macro m() %}x{% endmacro %}{% endfor %}{{ m is defined }}
{% set m = 5 %}{% macro m() %}x{% endmacro %}{{ m() }}
{% macro m() %}x{% endmacro %}{{ m(*[]) }}{{ m(**{}) }}{{ m(*[1]) }}
{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1], b=2) }}{{ m(*[1, 2]) }}{{ m(1, **{'b': 2}) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(a=1, a=2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(a=1, **{'a': 2}) }}
{% macro m(caller) %}{% endmacro %}
{% macro m(caller=none) %}{{ caller }}{% endmacro %}{{ m() }}
{% macro m(varargs) %}{{ varargs }}{% endmacro %}{{ m(1) }}
{% macro m(a, kwargs=5) %}{{ kwargs }}{% endmacro %}{{ m(1) }}
{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}x{% endcall %}
{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b=3, c=4) m() %}{{ a }}{{ b }}{{ c }}{% endcall %}
{% macro m() %}{{ caller() }}{% endmacro %}{% call(a) m() %}{{ a }}{% endcall %}
{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a) m() %}{{ a }}{% endcall %}
{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}
{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}
{% macro m(a) %}{{ a }}{{ caller() }}{% endmacro %}{% call m(1) %}{{ a is defined }}{% endcall %}
{% macro m() %}{{ caller() }}{{ caller() }}{% endmacro %}{% set x = 1 %}{% call m() %}{{ x }}{% set x = 2 %}{% endcall %}{{ x }}
{% macro m() %}{{ caller.name }}{{ caller.arguments }}{% endmacro %}{% call(q) m() %}{% endcall %}
{% call 1 %}{% endcall %}
{% call m %}{% endcall %}
{% call m()|upper %}{% endcall %}
{% call m() is defined %}{% endcall %}
{% call %}{% endcall %}
{% call(a m() %}{% endcall %}
{% call 'a'.upper() %}{% endcall %}
{% call range(2) %}{% endcall %}
{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}{% call m() %}x{% endcall %}{% endcall %}
{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ caller is defined }}{% endcall %}
{% macro m(a) %}{{ a() }}{% endmacro %}{% macro n() %}{{ m(caller) }}{% endmacro %}{% call n() %}x{% endcall %}
{% macro m(x) %}{{ caller(x) }}{% endmacro %}{% call(v) m(*[7]) %}{{ v }}{% endcall %}
{% call(caller) macro() %}{% endcall %}
{% filter upper %}a{{ 'b' }}{% endfilter %}
{% filter upper|lower %}aB{% endfilter %}
{% filter replace('a', 'b') %}aa{% endfilter %}
{% filter nope %}{% endfilter %}
{% filter length %}abc{% endfilter %}
{% filter list %}abc{% endfilter %}
{% filter %}{% endfilter %}
{% filter |upper %}{% endfilter %}
{% filter upper %}{% set x = 1 %}{% endfilter %}{{ x is defined }}
{% filter trim %}  {% filter upper %} a {% endfilter %} {% endfilter %}
{% filter escape %}<{{ '<' }}{% endfilter %}
{% filter tojson %}a"{% endfilter %}
{% with %}{% set x = 1 %}{{ x }}{% endwith %}{{ x is defined }}
{% with a=1, b=2 %}{{ a }}{{ b }}{% endwith %}
{% with a=1, b=a %}{{ b is defined }}{% endwith %}
{% set a = 5 %}{% with a=1, b=a %}{{ a }}{{ b }}{% endwith %}{{ a }}
{% with (a, b)=[1, 2] %}{{ a }}{{ b }}{% endwith %}
{% with a, b = 1, 2 %}{% endwith %}
{% with a.b=1 %}{% endwith %}
{% with a %}{% endwith %}
{% with a=1 b=2 %}{% endwith %}
{% with a=1, %}{{ a }}{% endwith %}
{% with 1=a %}{% endwith %}
{% block a %}x{% endblock %}
{% block a %}x{% endblock a %}
{% block a %}x{% endblock b %}
{% block a %}x{% endblock %}{{ self.a() }}
{{ self.a() }}{% block a %}x{% endblock %}
{{ self.b() }}
{{ self.b is defined }}{{ self.a is defined }}{% block a %}{% endblock %}
{{ self }}
{% block a %}{% block b %}y{% endblock %}{% endblock %}{{ self.b() }}
{% block a %}{% endblock %}{% block a %}{% endblock %}
{% set x = 1 %}{% block a %}{{ x }}{% set x = 2 %}{{ x }}{% endblock %}{{ x }}
{% for i in [1, 2] %}{% block a %}{{ i is defined }}{% endblock %}{% endfor %}
{% for i in [1, 2] %}{% block a scoped %}{{ i }}{% endblock %}{% endfor %}
{% block a required %}{% endblock %}
{% block a required %}x{% endblock %}
{% block a scoped required %} {% endblock %}
{% block %}{% endblock %}
{% block a-b %}{% endblock %}
{% block a %}{{ super() }}{% endblock %}
{% block a %}{{ super is defined }}{% endblock %}
{{ super() }}
{% macro m() %}{% block a %}{{ x }}{% endblock %}{% endmacro %}{% set x = 3 %}{{ m() }}
{% if false %}{% block a %}x{% endblock %}{% endif %}{{ self.a() }}
{% block a %}x{% endblock %}{{ self['a']() }}
{% block a %}x{% endblock %}{{ self.a(1) }}
{% with y = 1 %}{% block a %}{{ y is defined }}{% endblock %}{% endwith %}
{% macro m() %}q{% endmacro %}{% block a %}{{ m() }}{% endblock %}
{% include 'x' %}
{% if false %}{% include 'x' %}{% endif %}ok
{% include 'x' ignore missing %}
{% if false %}{% include 'x' ignore missing with context %}{% endif %}ok
{% import 'x' as y %}
{% if false %}{% import 'x' as y %}{% endif %}{{ y is defined }}
{% import 'x' %}
{% if false %}{% from 'x' import a, b as c %}{% endif %}ok
{% if false %}{% from 'x' import a with context %}{% endif %}ok
{% from 'x' import a %}
{% extends 'x' %}
{% if false %}{% extends 'x' %}{% endif %}ok
{% include %}
{% from x %}
{% include missing %}
{% autoescape false %}{{ '<' }}{% endautoescape %}
{% autoescape true %}{{ '<' }}{% endautoescape %}
{% autoescape %}{% endautoescape %}
{% autoescape false %}{% set x = 1 %}{% endautoescape %}{{ x is defined }}
{% print 1 %}
{% print 1, 2 %}
{% print %}
{% print 'a' if false %}
{% generation %}x{% set y = 1 %}{% endgeneration %}{{ y is defined }}
{% generation %}{% generation %}x{% endgeneration %}{% endgeneration %}
{% generation x %}{% endgeneration %}
{% generation %}
{% for x in [1] %}{% generation %}{{ x }}{% break %}{% endgeneration %}{% endfor %}
{% raw %}{{ x }}{% endraw %}
{% raw %}
{% raw x %}{% endraw %}
{% endraw %}
{% do [1] %}
{% debug %}
{% trans %}x{% endtrans %}
{% nope %}
{% %}
{% 1 %}
{%%}
{{}}
{##}
{{ 1 }
{{ 1 %}
{% if 1 }}
{{ '}}' }}
{{ {} }}
{{ {'a': {}} }}
{#
#}
}}
%}
{ { 1 } }
{{ x|nope }}
{% if false %}{{ x|nope }}{% endif %}ok
{% if false %}{{ x is nope }}{% endif %}ok
{{ 1 if true else x|nope }}
{{ x|nope if false else 2 }}
{% if 'nope' is filter %}{{ x|nope }}{% else %}no{% endif %}
{% if false %}{% for i in [1] %}{{ x|nope }}{% endfor %}{% endif %}
{% for i in [] %}{{ x|nope }}{% endfor %}
{% macro m() %}{{ x|nope }}{% endmacro %}
{% if x|nope %}{% endif %}
{% if 0 %}{% elif x|nope %}{% endif %}
{{ (x|nope)|default(1) if 0 }}
{% filter random %}a{% endfilter %}
{% if false %}{{ x|wordwrap }}{% endif %}ok
{{ lipsum()|length > 0 }}
{{ 'random' is filter }}{{ 'urlize' is filter }}{{ 'wordwrap' is filter }}
{{ 'from_json' is filter }}
{{ '{"a": 1}'|from_json }}
""".strip().split("\n")

EXPRESSIONS = r"""
1 + 2 * 3 ** 2
-2 ** 2
-n ** 2
(-2) ** n
-2 ** n
2 ** -n
- 2 ** -2
-2.0 ** n
(1 - 3) ** n
2 ** 3 ** 2
n ** 3 ** 2
1 / 2 / 2
7 // 2 * 2
1 < 2 == true
1 < 2 < 3
1 == 1 == 1
not 1 == 2
not not 1
not 1 in [1]
1 not in [1]
1 not 2
1 is not none
1 is none or 2
not 1 is none
1 is defined and 2 is defined
1 is eq 1 and 2
1 is eq(1) is eq(true)
1 is eq 1 is eq 1
1 is divisibleby 2 or 3
1 is in [1]
1 is not in [1]
1 is defined if 1 else 2
1 is none if 1
-1|abs
(-1)|abs
-1.5|abs + 1
1|string ~ 2
1 ~ 2|string
1 + 2|float
'a' 'b'
'a' ~ 'b' * 2
'a' + 'b' ~ 'c'
1 if 0
1 if 0 else 2 if 0 else 3
(1 if 0) is defined
1 if 1 if 0
1 or 0 and 0
0 or '' or none
1 and 2 and 3
[1, 2][0]
[1, 2][-1:][0]
(1, 2)[1]
'abc'[0][0]
{'a': [1, {'b': 2}]}.a[1].b
{'a': 1}['a']
'a'.upper().lower()
'a' .upper()
1.real
1 .real
1.5.real
(1).real
[1,2,].0
[[1]].0.0
[1][0].real
'abc'|length + 1
'abc'|upper|lower
'abc' | replace('a', 'b') | upper
range(3)|list|length
(range(3))|sum
[1, 2]|map('string')|join('-')
1,
1, 2
()
(1,)
((1))
[]
[,]
[1,,2]
(,)
{1: 2,}
{,}
{1}
{1: 2, 1: 3}
{'a': 1, **{}}
*[1]
1 +
+ 1
* 1
1 2
a b
1 +* 2
a.
a.1b
a..b
.a
a[
a[]
[1][]
a[1
a]
(1
1)
[1)
f(
f(,)
f(1,)
range(3,)
range(1 2)
range(*[3])
range(*[1], *[2])
dict(a=1, a=2)
dict(**{}, **{})
dict(**{'a': 1}, b=2)
dict(a=1, *[])
range(*[1], 2)
dict(a=1, 2)
x=1
a := 1
1 <> 2
1 === 1
1 ! 2
1 & 2
1 ^ 2
~1
1 << 2
a ? b : c
a->b
lambda: 1
[x for x in []]
true and True
none is None
TRUE
null
nil
False or false
not
is
in
if
1 if
1 else 2
1 is
1 is not
1 is 2
1 is 'a'
1|
|upper
1|2
1|'a'
1|upper()
1|upper(
'a'|replace('a')
'a'|replace
1 is eq
1 is eq()
1.2.3
1..2
1.e3
1e3
1E-3
1e+3
1_0
1__0
_1
0x1F
0b11
0o17
017
00
0_0
1_
0x
1.5_0
1_0.5
1e1_0
9223372036854775807
-9223372036854775807 - 1
9223372036854775808
1e400
-1e400
1e400 - 1e400
5e-324
0.1 + 0.2
1e16
123456789012345680.0
1e22
1.0
100000.0 ** 3
'\x41'
'\u00e9'
'\U0001F600'
'\101'
'\7'
'\8'
'\q'
'\\'
'\''
"'"
'\N{BULLET}'
'\x4'
'\u12'
'\r\t\v\f\a\b\0'
'é' ~ 'ñ'|upper
ñ
ñ is defined
a·b
a$b
a`b
a@b
a\b
"
'
''''
'a''b'
'''a'''
r'a'
b'a'
f'a'
u'a'
""".strip("\n").split("\n")


def templates(prelude, values):
    rows = whitespace() + [prelude + one.replace("V_", value) for value in values for one in PER_VALUE]
    rows += [loop.replace("A_", name) for loop in (LOOP, LAZY_LOOP, CHOSEN_LOOP) for name in LOOP_ATTRIBUTES]
    rows += LOOPS + STATEMENTS + ["{{ 'a\nb' }}", "{{ 'a\\\nb' }}", "{{ 1 +\n\n 2 }}", "{% if\n1\n%}a{% endif %}"]
    return rows + ["{% set n = 3 %}{{ " + one + " }}" for one in EXPRESSIONS]
