#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# structure.py PAGE.html: is it well-formed, alone, and fit for a screen reader?
# Silent when it is; else a line for each thing that is wrong, exit status 1.
import html.parser
import re
import sys

VOID = {'meta', 'br', 'img', 'hr', 'input', 'link', 'col'}
ALLOWED = {
    'html', 'head', 'meta', 'title', 'style', 'body', 'header', 'main', 'footer',
    'nav', 'section', 'div', 'span', 'p', 'h1', 'h2', 'h3', 'ul', 'ol', 'li',
    'dl', 'dt', 'dd', 'a', 'b', 'i', 'em', 'strong', 'small', 'code', 'pre',
    'table', 'caption', 'thead', 'tbody', 'tr', 'th', 'td'}


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.ids, self.targets = [], [], set(), set()
        self.heading, self.count = 0, {}

    def say(self, text):
        self.wrong.append('line %d: %s' % (self.getpos()[0], text))

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        given = dict(attrs)
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag not in ALLOWED:
            self.say('<%s> has no business here' % tag)
        if len(set(names)) != len(names):
            self.say('<%s>: an attribute twice' % tag)
        for name, value in attrs:
            if name.startswith('on') or name in ('src', 'srcset', 'action',
                                                 'data', 'background'):
                self.say('<%s %s>' % (tag, name))
            if name == 'href' and not value.startswith('#'):
                self.say('a link to the outside: ' + value)
            elif name == 'href':
                self.targets.add(value[1:])
            if name == 'style' and not re.fullmatch(
                    r'(flex-grow:[0-9.]+|grid-column:span [0-9]+)', value):
                self.say('style=' + value)
        if 'id' in given:
            if given['id'] in self.ids:
                self.say('id twice: ' + given['id'])
            self.ids.add(given['id'])
        if re.fullmatch('h[1-6]', tag):
            level = int(tag[1])
            if level > self.heading + 1:
                self.say('<%s> after a heading of level %d' % (tag, self.heading))
            self.heading = level
        if tag == 'th' and given.get('scope') not in ('row', 'col'):
            self.say('<th> without a scope')
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.say('</%s> within <%s>' % (tag, ' '.join(self.open)))
        else:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == 'style':
            if re.search(r'url\s*\(|@import|expression', data):
                self.say('the style sheet loads something')
        for char in data:
            if ord(char) < 32 and char != '\n' or 127 <= ord(char) < 160:
                self.say('control character %r' % char)

    def unknown_decl(self, data):
        self.say('<![' + data)

    def handle_comment(self, data):
        self.say('a comment: ' + data)


page = Page()
with open(sys.argv[1], encoding='utf-8', errors='strict') as f:
    page.feed(f.read())
page.close()
if page.open:
    page.say('never closed: ' + ' '.join(page.open))
for tag in ('h1', 'main', 'title', 'table'):
    if tag not in page.count:
        page.say('no <%s>' % tag)
if page.count.get('h1') != 1 or page.count.get('main') != 1:
    page.say('more than one <h1> or <main>')
for target in page.targets - page.ids:
    page.say('#%s is nowhere' % target)
print('\n'.join(page.wrong), end='\n' if page.wrong else '')
sys.exit(bool(page.wrong))
