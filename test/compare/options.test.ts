import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { HELP } from './help.ts'
import { readOptions } from './options.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fourwire-compare-'))
  return () => rm(folder, { recursive: true })
})

test('without options, the program uses default values and starts a Fourwire', () => {
  const options = readOptions([])
  expect(options).toMatchObject({ clients: 100, rate: 10, seconds: 5, warmup: 1, repeat: 5, adapter: 'fourwire' })
  expect(options?.url).toBeUndefined()
  expect(options?.transports).toBeUndefined()
})

test('the option --help makes the program show its help', () => {
  expect(readOptions(['--clients', '3', '--help'])).toBeNull()
})

test('the README lists the options as --help does', async () => {
  const readme = await readFile(join(import.meta.dirname, 'README.md'), 'utf8')
  expect(readme.replaceAll('\r\n', '\n')).toContain(HELP.slice(HELP.indexOf('  --transports')))
})

describe('an error of one sentence names the option, quotes the value and says what to do', () => {
  test.each([
    [['--clients', '0'], '--clients is "0". Give a number from 1 to 20000: clients, a whole number.'],
    [['--clients', '2.5'], '--clients is "2.5". Give a number from 1 to 20000: clients, a whole number.'],
    [['--clients', 'many'], '--clients is "many".'],
    [['--rate', '-1'], '--rate is "-1". Give a number from 0.01 to 2000: messages a second.'],
    [['--rate=1e9'], '--rate is "1e9".'],
    [['--size', '5'], '--size is "5". Give a number from 30 to 1000000'],
    [['--seconds', 'Infinity'], '--seconds is "Infinity".'],
    [['--seconds', ' '], '--seconds is " ".'],
    [['--clients'], '--clients is "". Give it a value'],
    [['--clients', '--rate', '3'], '--clients is "--rate". Give it a value'],
    [['--client', '3'], '--client is no option.'],
    [['-c', '3'], '-c is no option.'],
    [['sse'], '"sse" belongs to no option.'],
    [
      ['--url', 'localhost:3000'],
      '--url is "localhost:3000", which is no address. Give one such as http://localhost:3000',
    ],
    [['--url', 'http://user:secret@x/'], '--url contains a user or a password, which the program does not send.'],
    [['--publish', 'http://x/'], '--publish is "http://x/", and --url is missing.'],
    [['--pid', '1'], '--pid is "1", and --url is missing.'],
    [['--http2'], '--http2 is given, and --url is missing.'],
    [['--insecure=yes'], '--insecure is "yes", and it takes no value. Leave the value out.'],
    [['--header', 'secret'], 'A --header lacks a name, a colon or a value. Write it as in --header "Authorization:'],
    [['--header', 'X: a\r\nY: b'], 'A --header lacks a name, a colon or a value.'],
    [['--header', 'Content-Length: 3'], '--header sets "Content-Length", which the clients set themselves.'],
    [['--url', 'ftp://x'], '--url is "ftp://x", which is no address.'],
    [['--adapter', 'sse'], '--adapter is "sse", and --url is missing. Give the address of the server with --url.'],
    [['--payload', '/nowhere/x'], '--payload is "/nowhere/x", which cannot be read: ENOENT'],
    [['--payload', 'x', '--size', '50'], '--size is "50", and --payload is "x". Leave one of them out.'],
    [
      ['--json', '/nowhere/x.json'],
      '--json is "/nowhere/x.json", and the folder /nowhere does not exist. Create it first.',
    ],
    [['--json', '/tmp'], '--json is "/tmp", which is a folder. Give the name of a file.'],
    [
      ['--url', 'http://x/', '--pid', '999999999'],
      '--pid is "999999999", and you have no such process. Give the process id of the server.',
    ],
    [['--rate', '0.1'], '--rate is "0.1" and --seconds is "5": no message would be sent. Increase one of them.'],
    [
      ['--clients', '20000', '--rate', '1000'],
      '--clients is "20000" and --rate is "1000": 120,000,000 deliveries do not fit into memory.',
    ],
    [['--scenario', 'flood'], '--scenario is "flood". Give steady, burst, ramp, reconnect-storm, slow-readers.'],
    [
      ['--burst', '5'],
      '--burst is "5", and the scenario steady does not use it. Add --scenario burst, or leave out --burst.',
    ],
    [
      ['--scenario', 'burst', '--burst', '60'],
      '--burst is "60", and at --rate 10 there are only 50 messages in --seconds 5.',
    ],
    [
      ['--scenario', 'ramp', '--rate', '20', '--rate-to', '20'],
      '--rate-to is "20", and --rate is "20". Give a --rate-to above --rate.',
    ],
    [
      ['--scenario', 'reconnect-storm', '--seconds', '4'],
      '--storm-within is "3", and --seconds is "4". The clients return in the second half, so give at least --seconds 6.',
    ],
    [
      ['--scenario', 'slow-readers', '--clients', '5'],
      '--slow is "10", and --clients is "5": 0 clients would be slow.',
    ],
    [['--rtt', '5000'], '--rtt is "5000". Give a number from 0 to 4000: milliseconds.'],
    [['--loss', '51'], '--loss is "51". Give a number from 0 to 50: percent.'],
    [
      ['--jitter', '5', '--url', 'https://x/a?b'],
      '--jitter is "5", and --url is "https://x", which is encrypted. Give an address with http: or ws:, or leave out --jitter.',
    ],
    [['--threshold', 'fast'], '--threshold is "fast". Write it as in "sse.p99<200ms" or "ws.lost<=0".'],
    [['--threshold', 'sse.p98<1ms'], '--threshold is "sse.p98<1ms", and "p98" is no figure. Use p50, p95, p99'],
    [['--threshold', 'sse.p99<1kB'], '--threshold is "sse.p99<1kB". Give p99 in ms or s.'],
  ])('%j', (args, sentence) => {
    expect(() => readOptions(args)).toThrow(sentence)
  })
})

test('the fields of all --header are kept, and their values may contain colons', () => {
  const headers = readOptions(['--header', 'Authorization: Bearer a:b', '--header', 'X-Room:1'])?.headers
  expect(headers).toEqual({ Authorization: 'Bearer a:b', 'X-Room': '1' })
})

test('the limit of a threshold is converted to the unit of its figure', () => {
  const thresholds = readOptions(['--threshold', 'sse.p99<0.2s', '--threshold', 'long-poll.lost <= 0'])?.thresholds
  expect(thresholds).toMatchObject([
    { transport: 'sse', metric: 'p99', isBelow: true, limit: 200 },
    { transport: 'long-poll', metric: 'lost', isBelow: false, limit: 0 },
  ])
})

describe('the text of a message', () => {
  test('has the length given by --size and begins with the id of the message', () => {
    const text = readOptions(['--size', '64'])?.payload('~abc.1~')
    expect(text).toMatch(/^~abc\.1~x+$/)
    expect(text).toHaveLength(64)
  })

  test.each([
    ['{"name":"{{id}}"}', '{"name":"~a.1~"}'],
    ['Good morning', '~a.1~ Good morning'],
  ])('from a file with %j becomes %j', async (content, text) => {
    const file = join(folder, 'payload')
    await writeFile(file, content)
    expect(readOptions(['--payload', file])?.payload('~a.1~')).toBe(text)
  })

  test.each([
    ['{"name":"Ada"}', 'which is JSON without {{id}}. Write {{id}} into one of its strings.'],
    ['  ', 'which is empty. Write the text of a message into it.'],
  ])('from a file with %j is refused', async (content, sentence) => {
    const file = join(folder, 'refused')
    await writeFile(file, content)
    expect(() => readOptions(['--payload', file])).toThrow(`--payload is "${file}", ${sentence}`)
  })
})
