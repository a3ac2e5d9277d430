#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
#
# look.py PAGE.html OUT_DIR [WIDTH]
#
# Renders a page in headless Chromium, at 1200 and 400 pixels and both colour
# schemes, and on paper. OUT_DIR receives SCHEME-WIDTH.png, the first screen as
# first.png, and print.pdf. Prints
# a line a rendering: name, width of the content, number of colours, mean
# brightness, what sticks out of the window at the sides; and every message of the
# browser's console and every request. CHROMIUM names the program.
import base64
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zlib


class Browser:
    """Chromium at the other end of two pipes: JSON, a zero byte, JSON ..."""

    def __init__(self, program):
        self.profile = tempfile.mkdtemp()
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()

        def place():
            # The protocol's ends are descriptors 3 and 4.
            a, b = os.dup(theirs_in), os.dup(theirs_out)
            os.dup2(a, 3)
            os.dup2(b, 4)

        self.process = subprocess.Popen(
            [program, '--headless', '--no-sandbox', '--disable-gpu',
             '--disable-dev-shm-usage', '--hide-scrollbars', '--no-first-run',
             '--disable-background-networking', '--disable-sync',
             '--remote-debugging-pipe', '--user-data-dir=' + self.profile],
            preexec_fn=place, pass_fds=(3, 4), close_fds=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(theirs_in)
        os.close(theirs_out)
        self.reader = os.fdopen(ours_in, 'rb')
        self.writer = os.fdopen(ours_out, 'wb')
        self.number = 0
        self.session = None
        self.events = []

    def message(self):
        text = bytearray()
        while not text.endswith(b'\0'):
            byte = self.reader.read(1)
            if not byte:
                raise SystemExit('look.py: the browser has left')
            text += byte
        return json.loads(text[:-1])

    def call(self, method, **params):
        self.number += 1
        request = {'id': self.number, 'method': method, 'params': params}
        if self.session:
            request['sessionId'] = self.session
        self.writer.write(json.dumps(request).encode() + b'\0')
        self.writer.flush()
        while True:
            answer = self.message()
            if answer.get('id') == self.number:
                if 'error' in answer:
                    raise SystemExit('look.py: %s: %s' % (method, answer['error']))
                return answer['result']
            self.events.append(answer)

    def wait(self, method):
        while not any(e.get('method') == method for e in self.events):
            self.events.append(self.message())

    def evaluate(self, expression):
        return self.call('Runtime.evaluate', expression=expression,
                         returnByValue=True)['result'].get('value')

    def close(self):
        self.session = None
        try:
            self.call('Browser.close')
        except SystemExit:
            pass
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def pixels(png):
    """Rows of RGB(A) bytes of a PNG of 8 bits a channel, and bytes a pixel."""
    at, data = 8, b''
    while at < len(png):
        n = int.from_bytes(png[at:at + 4], 'big')
        kind = png[at + 4:at + 8]
        if kind == b'IHDR':
            width = int.from_bytes(png[at + 8:at + 12], 'big')
            bpp = {2: 3, 6: 4}[png[at + 17]]
        if kind == b'IDAT':
            data += png[at + 8:at + 8 + n]
        at += 12 + n
    data = zlib.decompress(data)
    before, rows = bytearray(width * bpp), []
    for start in range(0, len(data), width * bpp + 1):
        how, row = data[start], bytearray(data[start + 1:start + 1 + width * bpp])
        for i in range(len(row)):
            left = row[i - bpp] if i >= bpp else 0
            up = before[i]
            corner = before[i - bpp] if i >= bpp else 0
            if how == 1:
                row[i] = (row[i] + left) & 255
            elif how == 2:
                row[i] = (row[i] + up) & 255
            elif how == 3:
                row[i] = (row[i] + (left + up) // 2) & 255
            elif how == 4:
                p = left + up - corner
                best = min((abs(p - left), 0, left), (abs(p - up), 1, up),
                           (abs(p - corner), 2, corner))[2]
                row[i] = (row[i] + best) & 255
        rows.append(row)
        before = row
    return rows, bpp


STICKING_OUT = '''[...document.body.querySelectorAll('*')].filter(e => {
    const r = e.getBoundingClientRect();
    if (!(r.width > 0 && (r.right > innerWidth + 1 || r.left < -1))) return false;
    for (let p = e.parentElement; p; p = p.parentElement)
        if (getComputedStyle(p).overflowX != 'visible') return false;
    return true;
}).map(e => e.tagName + (e.className ? '.' + e.className : '')).join(' ')'''


def render(browser, url, out, scheme, width):
    browser.call('Emulation.setDeviceMetricsOverride', width=width, height=1000,
                 deviceScaleFactor=1, mobile=width < 600)
    browser.call('Emulation.setEmulatedMedia', media='screen', features=[
        {'name': 'prefers-color-scheme', 'value': scheme}])
    browser.events = [e for e in browser.events
                      if e.get('method') != 'Page.loadEventFired']
    browser.call('Page.navigate', url=url)
    browser.wait('Page.loadEventFired')
    content = browser.evaluate('document.documentElement.scrollWidth')
    sticking = browser.evaluate(STICKING_OUT)
    name = '%s-%d' % (scheme, width)
    # What is looked at is the first screen; the file has the whole page.
    first = base64.b64decode(browser.call('Page.captureScreenshot')['data'])
    height = browser.evaluate('document.documentElement.scrollHeight')
    whole = base64.b64decode(browser.call(
        'Page.captureScreenshot', captureBeyondViewport=True,
        clip={'x': 0, 'y': 0, 'width': width, 'height': height,
              'scale': 1})['data'])
    (out / (name + '.png')).write_bytes(whole)
    if name == 'light-1200':
        (out / 'first.png').write_bytes(first)
    rows, bpp = pixels(first)
    colours = {bytes(row[i:i + 3]) for row in rows[::3]
               for i in range(0, len(row), 3 * bpp)}
    light = sum(sum(row[::7]) / len(row[::7]) for row in rows[::3]) / len(rows[::3])
    print('%s content=%d colours=%d brightness=%d sticking-out=%s' % (
        name, content, len(colours), light, sticking or 'nothing'))


def main():
    page, out = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    widths = [int(sys.argv[3])] if len(sys.argv) > 3 else [1200, 400]
    out.mkdir(parents=True, exist_ok=True)
    browser = Browser(os.environ.get('CHROMIUM', 'chromium'))
    target = browser.call('Target.createTarget', url='about:blank')['targetId']
    browser.session = browser.call('Target.attachToTarget', targetId=target,
                                   flatten=True)['sessionId']
    for domain in ('Page', 'Runtime', 'Log', 'Network'):
        browser.call(domain + '.enable')
    for width in widths:
        for scheme in ('light', 'dark'):
            render(browser, page.as_uri(), out, scheme, width)
    browser.call('Emulation.clearDeviceMetricsOverride')
    browser.call('Emulation.setEmulatedMedia', media='', features=[])
    (out / 'print.pdf').write_bytes(base64.b64decode(browser.call(
        'Page.printToPDF', preferCSSPageSize=True,
        printBackground=True)['data']))
    for event in browser.events:
        if event['method'] == 'Runtime.consoleAPICalled':
            print('console:', event['params']['args'])
        elif event['method'] == 'Runtime.exceptionThrown':
            print('console:', event['params']['exceptionDetails']['text'])
        elif event['method'] == 'Log.entryAdded':
            print('console:', event['params']['entry']['text'])
        elif event['method'] == 'Network.requestWillBeSent':
            url = event['params']['request']['url']
            if url != page.as_uri():
                print('request:', url)
    browser.close()


main()
