#!/usr/bin/env python3
"""Writes what Hugging Face's Jinja environment renders: chat_cases.json and chat_real.json.

Run by hand, never by CI, with jinja2==3.1.6 and transformers==5.23.0:

  python tests/golden/make_chat_golden.py [SHARED]

chat_cases.json: small templates (the lists below), their variables and the text, or `error` where Jinja fails.
chat_real.json: every template of SHARED/data/chat_templates with every context and with add_generation_prompt on and off;
`raised` is the message where the template itself calls raise_exception. Without SHARED only the first file is written.
"""
import datetime as real_datetime
import json
import sys
from pathlib import Path

import jinja2
import transformers
from transformers.utils import chat_template_utils

HERE = Path(__file__).resolve().parent
PINNED = {"jinja2": "3.1.6", "transformers": "5.23.0"}
NOW = 1699963200  # kNow of src/jinja/template_golden_test.cc


class FixedDatetime(real_datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(NOW, tz)


def outcome(source, variables):
    try:
        template = chat_template_utils._compile_jinja_template(source)
        return {"expected": template.render(**variables)}
    except Exception as error:  # whatever goes wrong in Jinja is the expected outcome
        result = {"error": f"{type(error).__name__}: {error}"[:200]}
        if type(error) is jinja2.exceptions.TemplateError:
            result["raised"] = str(error)
        return result


USER = {"role": "user", "content": " Hi <b> "}
MESSAGES = [{"role": "system", "content": "Be brief."}, USER, {"role": "assistant", "content": "Hello, wörld!"},
            {"role": "user", "content": "Bye\n", "n": 2}]
PEOPLE = [{"name": "Zoe", "age": 30, "city": "Köln", "ok": True}, {"name": "adam", "age": 25, "city": "Paris"},
          {"name": "Bob", "age": 30, "city": "köln", "ok": False}]
TOOL = {"type": "function", "function": {"name": "f", "description": "é <x> & \"q\"\n", "parameters": {
    "type": "object", "properties": {"a": {"type": "number", "minimum": 0.5}, "b": {"enum": [1, None, True]}}}}}
COMMON = {"messages": MESSAGES, "people": PEOPLE, "tool": TOOL, "s": "a,b,,c", "w": "  x y\tz\n", "n": 7, "f": 2.5,
          "t": True, "none_": None, "u": "Größe 日本 🙂", "empty": "", "l": [3, 1, 2], "d": {"b": 1, "a": [1, 2], "C": None},
          "words": ["b", "A", "c", "a"], "bos_token": "<s>"}

EXPRESSIONS = r"""
1 + 2 * 3
(1 + 2) * 3
2 ** 3 ** 2
-2 ** 2
-n + +n
7 / 2
8 / 2
7 // 2
-7 // 2
7 % 3
-7 % 3
7 % -3
7.5 // 2
-7.5 % 2
2 ** -1
2 ** 0.5
1_000 + 0x1f + 0o17 + 0b11
1.5e3
1e16
1e15
123456789.123
0.1 + 0.2
1.0
1e-5
1 ~ 2 ~ 'a' ~ none ~ true ~ 1.0
1 ~ 2 + 3
'a' 'b' "c"
'a\n\t\\\'\x41\u00e9\101'
"it's" ~ 'say "x"'
[1, 'a', "it's", 'q"', 'b\\n\n', none, true, 1.5, [], {}, (), (1,)]
{'a': 1, 'b': {'c': [1, 2]}, 1: 2, none: true}
(1, 2)
1, 2
()
['é', '\x00', '\x7f', '\u200b', '日']
true and false
0 or 'x'
'' or none
1 and 2
not 1
not not 'a'
not 1 == 2
1 < 2 < 3
1 < 3 < 2
1 == 1.0
1 == true
'a' == 'a'
[1, 2] == [1, 2.0]
[1] == (1,)
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
'1' == 1
none == none
missing == missing
missing == none
'a' < 'b'
[1, 2] < [1, 3]
'a' in 'abc'
'a' not in 'abc'
2 in l
'b' in d
'zz' in d
'x' in missing
2 not in [1, 2] or true
not 2 in [1]
'yes' if t else 'no'
'yes' if not t
'a' if false else 'b' if false else 'c'
(n if t) + 1
s.split(',')
s.split(',', 1)
s.rsplit(',', 1)
w.split()
w.split(none, 1)
w.rsplit(none, 1)
'a  b'.split(' ')
w.strip() ~ '|'
w.lstrip() ~ '|'
w.rstrip() ~ '|'
'xxaxx'.strip('x')
'<think>a</think>b'.split('</think>')[-1].lstrip('\n')
'<think>a</think>b'.split('</think>')[0].split('<think>')[-1]
u.upper()
u.lower()
u.title()
'hello world'.capitalize()
'Hello World'.swapcase()
'they\'re bill\'s'.title()
'straße'.upper()
u[0] ~ u[-1] ~ u[6:8]
u|length
u[::-1]
u[100]
u[3:1]
'abcdef'[1:-1:2]
'abcdef'[::-2]
'abcdef'[-2:]
'abcdef'[:100]
l[::-1]
l[-1]
l[5]
l[1:]
l[:-1]
(1, 2, 3)[1:]
range(10)[2:4]|list
messages[1:]|length
messages[0]['content']
messages[0].role ~ messages[-1].n
messages[9].x
messages[9] is defined
d.b ~ d['a'][0] ~ d.a.1
d.items()
d.keys()
d.values()
d.get('b') ~ d.get('zz') ~ d.get('zz', 5)
d.zz is defined
d['zz']
d.items is callable
'abc'.startswith('a')
'abc'.startswith(('x', 'ab'))
'abc'.endswith('c')
'abc'.startswith('b', 1)
'abcabc'.find('c') ~ 'abcabc'.rfind('c') ~ 'abc'.find('z')
'abcabc'.index('b')
'aXbXc'.replace('X', '-')
'aXbXc'.replace('X', '-', 1)
'abc'.replace('', '-')
'aaa'.count('a')
'a-b-c'.partition('-')
'a-b-c'.rpartition('-')
'abc'.partition('-')
'a\nb\r\nc\n'.splitlines()
'a\nb'.splitlines(true)
', '.join(['a', 'b'])
'ab'.center(7, '*')
'abc'.center(6) ~ '|'
'a'.ljust(3) ~ 'a'.rjust(3) ~ '-5'.zfill(4)
'abc'.removeprefix('a') ~ 'abc'.removesuffix('c')
'12'.isdigit() ~ 'a'.isalpha() ~ ' '.isspace() ~ 'a1'.isalnum() ~ ''.isdigit()
'AB'.isupper() ~ 'ab'.islower() ~ '12'.isupper()
[1, 2, 1].count(1) ~ [1, 2].index(2)
'%s is %d, %.2f and %5s|%-5s|%05d %x %%' % ('a', 3, 2.5, 'x', 'y', 42, 255)
'%s' % 'x'
'%(a)s-%(b)03d' % {'a': 1, 'b': 2}
'%s' % [1]
[1, 2] + [3]
(1,) + (2,)
'ab' * 3
2 * [1, 2]
n|abs ~ (-3)|abs
'x'|default('d') ~ missing|default('d') ~ missing|d
''|default('d') ~ ''|default('d', true) ~ none|default('d')
words|sort
words|sort(case_sensitive=true)
words|sort(reverse=true)
l|sort
people|sort(attribute='age')|map(attribute='name')|list
people|sort(attribute='age,name')|map(attribute='name')|join(',')
people|map(attribute='ok', default='?')|list
words|map('upper')|join('-')
words|map('replace', 'a', 'z')|list
people|selectattr('ok')|map(attribute='name')|list
people|selectattr('age', 'equalto', 30)|list|length
people|selectattr('ok', 'defined')|list|length
people|rejectattr('ok')|map(attribute='name')|list
[0, 1, 2, 3]|select|list
[0, 1, 2, 3]|select('odd')|list
[0, 1, 2, 3]|reject('odd')|list
[1, 2, 3]|select('>', 1)|list
people|groupby('city')|list|length
people|groupby('age')|map('first')|list
['a', 'A', 'b']|unique|list
['a', 'A', 'b']|unique(case_sensitive=true)|list
[1, 1.0, true, 2]|unique|list
l|min ~ l|max ~ words|min ~ words|max
[]|min
l|sum ~ [0.5, 1]|sum ~ people|sum(attribute='age') ~ [[1], [2]]|sum(start=[])
l|first ~ l|last ~ 'abc'|first ~ 'abc'|last ~ []|first
d|dictsort
d|dictsort(reverse=true)
{'a': 2, 'b': 1}|dictsort(by='value')
d|items|list
missing|items|list
d|list ~ 'abc'|list ~ (1, 2)|list
l|join ~ l|join(', ') ~ people|join('/', attribute='name')
l|reverse|list
'abc'|reverse
l|length ~ d|count ~ 'é'|length
[1, 2, 3, 4, 5]|batch(2)|list
[1, 2, 3]|batch(2, 0)|list
[1, 2, 3, 4, 5]|slice(2)|list
[1, 2, 3]|slice(2, 0)|list
'5'|int + 1
'x'|int ~ 'x'|int(3) ~ '42.7'|int ~ 3.9|int ~ '0x1f'|int(0, 16) ~ none|int ~ ' 12 '|int
'1.5'|float ~ 'x'|float ~ 2|float ~ 'x'|float(1.0)
2.5|round ~ 3.5|round ~ 2.567|round(2) ~ 2.1|round(0, 'ceil') ~ 2.9|round(method='floor') ~ 5|round
1|string ~ none|string ~ [1]|string
w|trim ~ '|' ~ 'xxaxx'|trim('x')
'hello wOrld foo-bar (baz)'|title
'hELLO'|capitalize ~ 'a'|upper ~ 'A'|lower
'a b a'|replace('a', 'x') ~ 'a b a'|replace('a', 'x', 1) ~ 12|replace(1, 3)
'foo bar baz qux'|truncate(9)
'foo bar baz qux'|truncate(9, true)
'foo bar baz qux'|truncate(11)
'foo bar baz qux'|truncate(11, false, '...', 0)
'a\nb\n\nc'|indent
'a\nb\n\nc'|indent(2, true)
'a\nb\n\nc'|indent('> ', blank=true)
'ab'|center(6) ~ '|'
'%s-%s'|format(1, 'a')
'%(x)s'|format(x=1)
'<a href="x">&\'</a>'|escape
'<'|e|e
'<'|safe|e
'<'|e|forceescape
('<'|safe) + '<'
'<' + ('<'|safe)
'<a>'|safe ~ '<b>'
'<p>Hello <b>x</b> &amp; y</p>'|striptags
'Hello, wörld foo_bar'|wordcount
'a b&c/é'|urlencode
{'a': 'b c', 'd': '1/2'}|urlencode
{'class': 'x', 'n': none, 'id': '<'}|xmlattr
tool|tojson
tool|tojson(indent=2)
tool|tojson(indent=4, sort_keys=true)
tool|tojson(ensure_ascii=true)
tool|tojson(separators=(',', ':'))
[1, 1.0, none, true, 'é\u2028</script>', {}, [], {'a': []}]|tojson(indent=1)
{1: 2, none: 3, true: 4, 1.5: 5}|tojson
(1, 2)|tojson ~ 'x\x7f\x01'|tojson ~ 1e20|tojson ~ u|tojson(ensure_ascii=true)
1 is defined ~ missing is defined ~ missing is undefined
none is none ~ none_ is none ~ 0 is none
t is boolean ~ 1 is boolean ~ true is true ~ 1 is true ~ false is false
1 is integer ~ true is integer ~ 1.0 is integer ~ 1.0 is float ~ 1 is float
1 is number ~ true is number ~ '1' is number
'a' is string ~ 1 is string ~ d is mapping ~ l is mapping
l is iterable ~ 'a' is iterable ~ 1 is iterable ~ none is iterable ~ missing is iterable
l is sequence ~ 'a' is sequence ~ d is sequence ~ 1 is sequence ~ range(2) is sequence
range is callable ~ 1 is callable
3 is odd ~ 4 is even ~ 9 is divisibleby 3 ~ 9 is divisibleby(2)
1 is eq 1 ~ 1 is ne(1) ~ 2 is gt 1 ~ 2 is lessthan 1 ~ 1 is ge 1 ~ 1 is sameas 1
1 is in [1, 2] ~ 'a' is in 'b'
'abc' is lower ~ 'ABC' is upper ~ 'upper' is filter ~ 'odd' is test ~ 'zz' is filter
none is not none ~ not none is none
1 is not defined or 2
range(5)|list ~ range(1, 3)|list ~ range(5, 0, -2)|list ~ range(3)
range(0)|list|length
dict(a=1, b='x')
dict([('a', 1)], b=2)
namespace(a=1).a
[missing]|length ~ [missing]|first
missing
missing ~ 'x'
missing|length ~ missing|list ~ missing|join
none
d.nope.x
missing.x
missing['x']
missing()
missing + 1
'a' + missing
1 < missing
-missing
'a' + 1
1 + 'a'
none + 1
[1] + (1,)
1 / 0
1 % 0
5 // 0.0
1 < 'a'
none in 'abc'
1 in 5
1 in none
'abc'.index('z')
[1].append(2)
l.append(2)
d.update({})
d.pop('a')
d.append is defined
l.append is defined
{[1]: 2}
'x'|nosuchfilter
'x' is nosuchtest
none|length
5|length
5|list
none|list
5|join
none|items|list
{(1, 2): 3}|tojson
missing|tojson
range(3)|tojson
[3, 'a']|sort
''.nope
5.nope
'a'.nope.nope
range(100001)
raise_exception('x')
'%d' % 'a'
'%s %s' % (1,)
'%s' % (1, 2)
'a'.split('')
none.x
none['x'] is defined
d is sameas d
none|map('upper')|list ~ 0|select|list
1e16|int ~ 1e22 ~ 1.5e300 ~ -0.0 ~ 1e-7 ~ 0.0001
'a%b' % ()
'é'.center(4, '·')
['a\xa0b', 'a\u2028b', '\u00ad']
'ÀÉ'|lower ~ 'àé'|capitalize ~ 'ÀÉ' is upper
'\u00a0 x \u3000'|trim
{'a': 1}.items()|list|first|last
'x' if (1, 2) == (1, 2) else 'y'
'a,b' .split(',')[1]
'abc'[1]['x'] is defined
1 if 0 else none
[1,2,3][::2] ~ [1,2,3][5:] ~ [1,2,3][-1:0:-1]
messages|map(attribute='content')|map('length')|sum
messages[0]|length ~ messages[0]|tojson|length
'%5.1f|%-6d|%+d|% d|%e|%g|%c|%r' % (2.25, 3, 4, 5, 12345.678, 0.0001, 'x', 'y')
'abc' * 0 ~ [1] * 0 ~ 'a' * -1
true + true ~ true * 3 ~ -true
'a' is string and 'b' is string
'a' is string == true
messages|map(attribute='role')|list
messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|list|last|trim
messages[::-1]|map(attribute='role')|first
messages[0].content + messages[1]['content']|trim
(messages[0].content + messages[1]['content'])|trim|length
strftime_now('%d %b %Y')
strftime_now('%Y-%m-%d %B %A %j %%')
""".strip("\n").split("\n")

STATEMENTS = [
    "a\n", "a\n\n", "\na\r\nb\rc\n", "", "\n", "{", "{ {", "}}", "%}", "a { b } c {% if 1 %}x{% endif %}",
    "  {% if true %}  \n  a\n  {% endif %}  \nb", "{% if true %}\n\na{% endif %}", "x {%- if true -%}  a  {%- endif -%}  y",
    "x  {{- ' a ' -}}  y", "  {{ 'a' }}  \n  b", "  {%+ if true %}a{% endif +%}\nb", "a\n   {%- if true %}\n b{% endif %}",
    "{% if true +%}\na{% endif %}", "a {# comment #} b", "a {#- comment -#} b", "  {# c #}  \nb", "a\n  {# c #}\nb",
    "{#\nmany\nlines\n#}x", "{# {{ x }} {% if %} #}y", "{#-#}x", "{#+ a +#}\nx",
    "{% raw %}{{ x }} {% if %}{% endraw %}", "  {% raw %}\n {{ x }}\n  {% endraw %}\nz", "a {%- raw -%} b {%- endraw -%} c",
    "{{ '{{' }}{{ '%}' }}{{ \"}}\" }}", "{{ {'a': {'b': 1}}.a.b }}", "{{\n 1\n +\n 2 }}", "{{-1}}", "{{ -1 }}", "{{+1}}",
    "{% if 0 %}a{% elif 1 %}b{% else %}c{% endif %}", "{% if 0 %}a{% elif 0 %}b{% else %}c{% endif %}", "{% if 0 %}a{% endif %}",
    "{% if n > 5 and t %}big{% endif %}", "{% if messages and messages[0].role == 'system' %}{{ messages[0].content }}{% endif %}",
    "{% for x in l %}{{ x }},{% endfor %}", "{% for x in [] %}a{% else %}none{% endfor %}", "{% for x in missing %}a{% else %}none{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k, v in d|items %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}", "{% for c in 'né' %}[{{ c }}]{% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for x in l if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% endfor %}", "{% for x in l if x > 5 %}a{% else %}no{% endfor %}",
    "{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}",
    "{% for x in l %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}", "{% for x in l %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}", "{% for x in l %}{% if loop.previtem is defined %}{{ loop.previtem }}{% endif %}{% endfor %}",
    "{% for a in [1, 2] %}{% for b in [1, 2] %}{{ a }}{{ b }}{{ loop.index }}{{ loop.last }} {% endfor %}{{ loop.index }}{% endfor %}",
    "{% for x in range(10) %}{% if x == 3 %}{% break %}{% endif %}{{ x }}{% endfor %}", "{% for x in range(5) %}{% if x is odd %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in [1] %}{% break %}{% else %}e{% endfor %}", "{% for x in [[1, [2]], [3]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{{ loop.depth }}{% endif %}{% endfor %}",
    "{% for x in l %}{% set y = x %}{% endfor %}{{ y is defined }}", "{% set y = 0 %}{% for x in l %}{{ y }}{% set y = x %}{{ y }} {% endfor %}{{ y }}",
    "{% set ns = namespace(n=0, s='') %}{% for x in l %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}", "{% set ns = namespace() %}{% set ns.a = 1 %}{{ ns.a }}{{ ns.b is defined }}{{ ns['a'] }}",
    "{% set a, b = 1, 2 %}{{ b }}{{ a }}", "{% set (a, b) = [1, 2] %}{{ b }}{{ a }}", "{% set x = 1, 2 %}{{ x }}", "{% if t %}{% set q = 5 %}{% endif %}{{ q }}",
    "{% set x %}  a{{ n }}\n{% endset %}[{{ x }}]", "{% set x | upper | trim %} abc {% endset %}[{{ x }}]", "{% set messages = messages[1:] %}{{ messages|length }}",
    "{% set n = n + 1 %}{{ n }}", "{% set x %}{% set inner = 1 %}{% endset %}{{ inner is defined }}",
    "{% macro m(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, c=5) }}{{ m(b=1, a=2) }}",
    "{% macro m(a) %}{{ a is defined }}{{ a }}{% endmacro %}{{ m() }}", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, a=3) }}",
    "{% macro m(a) %}{% if a > 0 %}{{ a }}{{ m(a - 1) }}{% endif %}{% endmacro %}{{ m(3) }}", "{% macro m(a) %}x{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}x{% endmacro %}{{ m(b=1) }}",
    "{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(4) }}", "{% macro m() %}{{ late }}{% endmacro %}{% set late = 5 %}{{ m() }}", "{% macro m() %} x {% endmacro %}[{{ m()|trim }}]{{ m() is string }}",
    "{% macro outer(x) %}{% macro inner(y) %}{{ x }}{{ y }}{% endmacro %}{{ inner(2) }}{% endmacro %}{{ outer(1) }}", "{% macro m(a) %}{% set a = a + 1 %}{{ a }}{% endmacro %}{{ m(1) }}{{ m.name }}",
    "{% macro m(x) %}{{ x }}{% endmacro %}{{ m(*[1]) }}{{ m(**{'x': 2}) }}", "{% macro box(t) %}<{{ t }}>{{ caller() }}</>{% endmacro %}{% call box('a') %}in {{ n }}{% endcall %}",
    "{% macro each(xs) %}{% for x in xs %}{{ caller(x, 1) }}{% endfor %}{% endmacro %}{% call(v, k=2) each(l) %}[{{ v }}{{ k }}]{% endcall %}", "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}",
    "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}", "{% filter upper %}a{{ 'b' }}{% endfilter %}", "{% filter replace('a', 'b')|upper %}aaa{% endfilter %}", "{% filter indent(2, true) %}a\nb{% endfilter %}",
    "{% with a=1, b=2 %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}", "{% set a = 5 %}{% with a=1, b=a %}{{ b }}{% endwith %}{{ a }}", "{% with %}{% set z = 1 %}{{ z }}{% endwith %}{{ z is defined }}",
    "{% generation %}a{{ n }}{% endgeneration %}b", "{% for m in messages %}{% generation %}{{ m.content }}{% set x = 1 %}{% endgeneration %}{{ x is defined }}{% endfor %}",
    "{% set j = joiner(', ') %}{% for x in l %}{{ j() }}{{ x }}{% endfor %}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}",
    "{% set ns = namespace(found=false) %}{% for m in messages if m.role == 'user' and not ns.found %}{% set ns.found = true %}{{ m.content }}{% endfor %}",
    "{% set x = {'a': 1} %}{% set y = dict(x, b=2) %}{{ y }}{{ x }}", "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] | trim + '\\n' }}{% endfor %}",
    "{%- for m in messages %}\n    {%- if m.role == 'user' %}\n        {{- '[INST] ' ~ m.content ~ ' [/INST]' }}\n    {%- elif m.role == 'assistant' %}\n        {{- m.content ~ '</s>' }}\n    {%- endif %}\n{%- endfor %}\n",
    "{% for m in messages -%}\n  {{ m.role }}\n{% endfor %}", "{% for m in messages %}\n  {{ m.role }}\n  {% if loop.last %}\nlast\n  {% endif %}\n{% endfor %}\nend\n",
    "{% set x = [] %}{% for a in l %}{% set x = x + [a] %}{% endfor %}{{ x }}", "{{ raise_exception('Roles must alternate: ' ~ n) }}", "{% if false %}{{ raise_exception('no') }}{% endif %}ok",
    "{{ messages | tojson }}", "{{ tool.function.parameters | tojson(indent=4) }}", "{{ 'a' }}\n{{ 'b' }}\n\n{{ 'c' }}\n", "{%- set a = 1 -%}\n\n  {{ a }}",
    "{% if x is defined and x %}a{% else %}b{% endif %}", "{% if x is not defined %}a{% endif %}", "{% for x in [1,2,3] %}{{ x }}{{ ',' if not loop.last }}{% endfor %}", "{% for x in l|sort %}{{ x }}{% endfor %}",
    "{% for i in range(messages|length - 1, -1, -1) %}{{ messages[i].role[0] }}{% endfor %}", "{% for k, v in [[1, 2, 3]] %}{{ k }}{% endfor %}", "{% for x in 5 %}{% endfor %}", "{% for x in none %}{% endfor %}",
    "{% set n.x = 1 %}", "{% set ns = namespace() %}{% set ns._x = 1 %}", "{% if %}x{% endif %}", "{% if 1 %}", "{% endif %}", "{% for x in y %}{% endif %}", "{{ }}", "{{ 1 + }}", "{{ a b }}", "{{ (1 }}", "{{ 1) }}", "{{ 'a }}", "{{ 1",
    "{% set 1 = 2 %}", "{% set x %}", "{% unknown %}", "{% break %}", "{% macro m( %}{% endmacro %}", "{{ f(a=1, 2) }}", "{{ x is }}", "{{ x | }}", "{# open", "{% raw %}x", "{{ a.'b' }}", "{{ [1, 2 }}", "{{ @ }}", "{{ a ? b }}", "{% else %}", "{% macro m(a=1, b) %}{% endmacro %}",
    "{{ x is defined is defined }}", "{% call 5 %}{% endcall %}", "{% set true = 1 %}", "{% for true in x %}{% endfor %}", "{{ '\\u12' }}", "{% if 1: %}a{% endif %}", "{% for x in l: %}{{ x }}{% endfor %}",
    "{{ {'a': 1,}.a }}{{ [1,]|length }}{{ (1,)|length }}", "{{ dict(a=1,)|length }}", "{{ d['a'][0], d.b }}", "{{ l[0]|string ~ l[1] }}", "{{ 'x'.join(['a', 'b',]) }}", "{{ (messages|first).role }}", "{{ ((((1)))) }}",
    "{% set f = 'abc'.upper %}{{ f() }}", "{% set m = messages|map(attribute='role') %}{{ m|list }}{{ m|list }}", "{{ 'a' if messages|selectattr('role', 'equalto', 'nobody') else 'b' }}", "{{ messages|selectattr('role', 'equalto', 'nobody')|list|length }}",
    "{% set g = l|map('string') %}{{ g|length }}", "{{ l|map('string')|first }}", "{{ [1,2,3]|map('pprint')|join }}", "{{ '\\t' ~ 'a' 'b' ~ \"\\n\" }}|",
    "{% for x in l %}{% continue %}{% else %}e{% endfor %}", "{% for x in l %}{% if loop.first %}{% continue %}{% endif %}{{ x }}{% else %}e{% endfor %}",
    "{% set ns = namespace(k=0) %}{% for x in [1, 2, 3, 4] if ns.k < 2 %}{% set ns.k = ns.k + 1 %}{{ x }}{% endfor %}", "{% for x in [1, 2] %}{% for y in [3] %}{{ loop.index }}{% endfor %}{% endfor %}",
    "{%if true%}a{%endif%}", "{%-if true-%} a {%-endif-%} b", "a\n\n{%- if true %}\n\nb{% endif %}", "{% if true %}\n  {{ n }}\n{% endif %}\n", "{{ n }}\n", "{{ n -}}\n  x", "\t{% if true %}\ta{% endif %}", "a{% if true %}  {% endif %}b", "{% set x = 'a\nb' %}{{ x }}", "{{ 'a\\\nb' }}", "{% if true %}{# c #}\na{% endif %}",
    "{% macro t(p) %}{% if p is string %}{{ p }}{% elif p is mapping %}{ {%- for k, v in p|dictsort %}{{ k }}:{{ t(v) }}{{ ',' if not loop.last }}{% endfor -%} }{% else %}[{% for x in p %}{{ t(x) }}{% endfor %}]{% endif %}{% endmacro %}{{ t({'b': ['x', {'y': 'z'}], 'a': 'q'}) }}",
]


def cases():
    sources = ["{{ " + expression + " }}" for expression in EXPRESSIONS] + STATEMENTS
    return [{"template": source, "variables": COMMON, **outcome(source, COMMON)} for source in sources]


def real(shared):
    folder = Path(shared) / "data/chat_templates"
    result = []
    for template in sorted((folder / "templates").glob("*.jinja")):
        for context in sorted((folder / "contexts").glob("*.json")):
            for prompt in (False, True):
                variables = {"add_generation_prompt": prompt}
                given = json.loads(context.read_text()) | variables
                result.append({"template": template.name, "context": context.name, "variables": variables,
                               **outcome(template.read_text(), given)})
    return result


def write(name, rows):
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (HERE / name).write_text("[\n" + ",\n".join(lines) + "\n]\n")
    failed = sum("error" in row for row in rows)
    print(f"{name}: {len(rows)} cases, {failed} of them errors")


def main():
    versions = {"jinja2": jinja2.__version__, "transformers": transformers.__version__}
    if versions != PINNED:
        sys.exit(f"expected {PINNED}, found {versions}")
    chat_template_utils.datetime = FixedDatetime
    rows = cases()
    # The variables are the same everywhere; the file holds them once.
    write("chat_cases.json", [{"variables": COMMON}] + [{k: v for k, v in row.items() if k != "variables"} for row in rows])
    if len(sys.argv) > 1:
        write("chat_real.json", real(sys.argv[1]))


if __name__ == "__main__":
    main()
