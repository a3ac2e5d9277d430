// SPDX-License-Identifier: Apache-2.0
//
// usage: node tests/peers/esptool_js.mjs MODULE PORT stub|no-stub
//
// esptool-js, unmodified, on a virtual board: MODULE is the folder of the npm
// package, PORT a pty, socket://HOST:PORT or rfc2217://HOST:PORT. Identifies the
// chip; with its stub it writes 70000 bytes (checked by MD5) and reads them back.
// Without the stub 0.7.0 cannot write to an ESP32, whatever the ROM: it announces
// blocks of 16 KiB, which the ROM does not take, and reads the ROM's MD5, a text,
// as the stub's, which is bytes. Prints a word for each step that passed; exits 1 after one that did not.

import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import tty from 'node:tty';

const [moduleFolder, where, kind] = process.argv.slice(2);
const { ESPLoader, Transport } =
    await import(new URL('lib/index.js', 'file://' + moduleFolder + '/'));

// --- a Web Serial port over what a virtual board has ---

const IAC = 255, WILL = 251, DO = 253, SB = 250, SE = 240, COM_PORT = 44;

// A pty takes what it has room for.
async function writeAll(fd, bytes) {
    for (let at = 0; at < bytes.length;) {
        try {
            at += fs.writeSync(fd, bytes, at);
        } catch (error) {
            if (error.code !== 'EAGAIN') {
                throw error;
            }
            await new Promise((done) => setTimeout(done, 1));
        }
    }
}

class Port {
    async open({ baudRate }) {
        const url = where.match(/^(\w+):\/\/(.*):(\d+)$/);
        this.telnet = url !== null && url[1] === 'rfc2217';
        if (url === null) {
            execFileSync('stty', ['-F', where, 'raw', '-echo']);
            const fd = fs.openSync(where, fs.constants.O_RDWR |
                                          fs.constants.O_NOCTTY |
                                          fs.constants.O_NONBLOCK);
            this.stream = new tty.ReadStream(fd);
            this.put = (bytes) => writeAll(fd, bytes);
        } else {
            this.stream = net.connect(Number(url[3]), url[2]);
            this.stream.setNoDelay(true);
            await new Promise((done, fail) => {
                this.stream.once('connect', done);
                this.stream.once('error', fail);
            });
            this.put = (bytes) => this.stream.write(bytes);
        }
        if (this.telnet) {
            this.put(Buffer.from([IAC, WILL, COM_PORT, IAC, DO, COM_PORT]));
            this.command(1, baudRate >>> 24, baudRate >>> 16 & 255,
                         baudRate >>> 8 & 255, baudRate & 255);
        }
        this.readable = new ReadableStream({
            start: (controller) => {
                this.stream.on('data', (data) => {
                    const bytes = this.telnet ? this.strip(data) : data;
                    if (bytes.length > 0) {
                        controller.enqueue(new Uint8Array(bytes));
                    }
                });
                this.stream.on('error', () => {});
            },
        });
        this.writable = new WritableStream({ write: (data) => this.send(data) });
    }

    command(...bytes) {
        this.put(Buffer.from([IAC, SB, COM_PORT, ...bytes, IAC, SE]));
    }

    async send(data) {
        if (!this.telnet) {
            await this.put(Buffer.from(data));
            return;
        }
        await this.put(Buffer.from([...data].flatMap(
            (byte) => byte === IAC ? [IAC, IAC] : [byte])));
    }

    // Data without telnet's words.
    strip(data) {
        const out = [];
        for (const byte of data) {
            switch (this.state) {
            case 'iac':
                if (byte === IAC) {
                    out.push(byte);
                }
                this.state = byte === SB ? 'sub'
                    : byte >= WILL && byte !== IAC ? 'option' : undefined;
                break;
            case 'option':
                this.state = undefined;
                break;
            case 'sub':
                this.state = byte === IAC ? 'end' : 'sub';
                break;
            case 'end':
                this.state = byte === SE ? undefined : 'sub';
                break;
            default:
                if (byte === IAC) {
                    this.state = 'iac';
                } else {
                    out.push(byte);
                }
            }
        }
        return out;
    }

    async setSignals({ dataTerminalReady, requestToSend }) {
        if (this.telnet && dataTerminalReady !== undefined) {
            this.command(5, dataTerminalReady ? 8 : 9);
        }
        if (this.telnet && requestToSend !== undefined) {
            this.command(5, requestToSend ? 11 : 12);
        }
    }

    getInfo() {
        return {};
    }

    async close() {
        this.readable = this.writable = undefined;
        this.stream.destroy();
    }
}

// --- what it is to do ---

const said = [];
const keep = (text) => said.push(text);
const loader = new ESPLoader({
    transport: new Transport(new Port(), false),
    baudrate: 115200,
    romBaudrate: 115200,
    terminal: { clean() {}, writeLine: keep, write: keep },
});
const data = new Uint8Array(randomBytes(70000));
const words = [];

async function step(word, work) {
    await work();
    words.push(word);
}

async function all() {
    await step('connect', () => kind === 'stub' ? loader.main()
                                                : loader.detectChip());
    if (kind !== 'stub') {
        await step('attach', () => loader.flashSpiAttach(0));
    }
    await step('mac', async () => {
        const mac = await loader.chip.readMac(loader);
        if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(mac)) {
            throw new Error('MAC ' + mac);
        }
    });
    await step('id', async () => {
        const id = await loader.readFlashId();
        if (id === 0 || id === 0xFFFFFF) {
            throw new Error('flash id ' + id);
        }
    });
    if (kind === 'stub') {
        await step('write', () => loader.writeFlash({
            fileArray: [{ data, address: 0x20000 }],
            flashMode: 'keep', flashFreq: 'keep', flashSize: 'keep',
            eraseAll: false, compress: true,
            calculateMD5Hash: (image) =>
                createHash('md5').update(image).digest('hex'),
        }));
        await step('read', async () => {
            const back = await loader.readFlash(0x20000, data.length);
            if (Buffer.compare(Buffer.from(back), Buffer.from(data)) !== 0) {
                throw new Error('other bytes than written');
            }
        });
    }
    await step('reset', () => loader.after('hard_reset'));
}

const limit = setTimeout(() => finish(new Error('timeout')), 100000);

function finish(error) {
    clearTimeout(limit);
    console.log(words.join(' '));
    if (error !== undefined) {
        console.error(said.slice(-6).join('\n'));
        console.error(String(error));
    }
    process.exit(error === undefined ? 0 : 1);
}

all().then(() => finish(), finish);
