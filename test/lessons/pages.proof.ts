/** What the lessons' pages tell people to type works, and the bytes that they show are those that cross. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { exercisesOf, lessons } from '../../lessons/kit/course.ts'
import type { Lesson } from '../../lessons/kit/course.ts'
import { startProgram } from '../../lessons/kit/program.ts'
import type { Program } from '../../lessons/kit/program.ts'
import { LANE_PORT } from '../../lessons/kit/runner.ts'
import { readBoardAddress, writeBoardAddress } from '../../web/board/address.ts'
import { readAddress, writeAddress } from '../../web/state/address.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'

const run = promisify(execFile)

const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)

/** curl\u2019s exit code where --max-time ended a stream. */
const OUT_OF_TIME = 28

const SECTIONS = ['Predict', 'The idea', 'Look', 'Build', 'Check', 'Explain', 'Why?', 'Further reading']

describe.each(lessons())('the page of $name', (lesson) => {
  const { folder, number } = lesson
  const text = readFileSync(join(folder, 'README.md'), 'utf8').replaceAll('\r\n', '\n')
  /** What the page calls the student's own server. */
  const yours = `localhost:${LANE_PORT + number}`

  test('asks its question, has all of its parts in their order, and folds the last answer', () => {
    expect(text).toMatch(/^# .*\?\n/)
    expect(text).toMatch(new RegExp(`^Lesson ${number} · .* · \\d+ minutes$`, 'm'))
    expect(Array.from(text.matchAll(/^## (.*)$/gm), ([, heading]) => heading)).toEqual(SECTIONS)
    expect(text).toMatch(/<details>\n<summary>Answer<\/summary>/)
  })

  test('links to the sandbox in states that the page can be in', () => {
    const links = Array.from(text.matchAll(/http:\/\/localhost:3000\/(\?[^\s)>]*)/g), ([, query = '']) => query)
    expect(links).not.toEqual([])
    for (const query of links) {
      const address = readAddress(query)
      // Whatever the page does not understand it leaves out, and what is as usual too.
      expect(new Set(writeAddress(address).slice(1).split('&'))).toEqual(new Set(query.slice(1).split('&')))
    }
  })

  test('links to boards that are named as one may be', () => {
    for (const [, query = ''] of text.matchAll(/http:\/\/localhost:3000\/board(\?[^\s)>]*)/g))
      expect(writeBoardAddress(readBoardAddress(query))).toBe(query)
  })

  test.skipIf(!hasCurl)(
    'has commands that work as they stand, one block after the other (skipped without curl)',
    async () => {
      await using server = await serve()
      await using own = text.includes(yours) ? await solutionOf(lesson, server.origin) : null
      const blocks = blocksOf(text, 'sh').filter((block) => !block.startsWith('npm '))
      expect(blocks).not.toEqual([])
      const checked = blocks.map(
        (block) => `${block}\nstatus=$?; [ $status -eq 0 ] || [ $status -eq ${OUT_OF_TIME} ] || exit 1`,
      )
      const script = checked.join('\n').replaceAll('localhost:3000', `127.0.0.1:${server.port}`)
      const { stdout } = await run('sh', ['-c', script.replaceAll(yours, `127.0.0.1:${own?.port}`)])
      // An error of the sandbox is no error of curl's.
      expect(stdout).not.toContain('urn:fourwire:error')
      expect(stdout).not.toBe('')
    },
  )

  test('shows exchanges as they cross the wire, but for what it marks as different', async () => {
    await using server = await serve()
    await using own = text.includes(yours) ? await solutionOf(lesson, server.origin) : null
    const blocks = blocksOf(text, 'http')
    expect(blocks).not.toEqual([])
    for (const block of blocks) {
      const { request, answer } = partsOf(block)
      if (own && request.includes(`\nHost: ${yours}`)) {
        await expectAnswer(own.port, request, answer)
        continue
      }
      const room = /\/feed\/([a-z0-9-]+)/.exec(request)?.[1] ?? 'lobby'
      const { id } = await server.publish('hello', room)
      // Who is told of something has read up to the event before; who is told of nothing has read it all.
      const before = id.replace(/\d+$/, (seq) => String(Number(seq) - 1))
      const cursor = block.includes('\n\nHTTP/1.1 204') ? id : before
      await expectAnswer(server.port, request.replace(/⟨[^⟩]*⟩/g, cursor), answer)
    }
  })
})

/** The finished program, where it takes requests, as it runs beside the sandbox in the lesson. */
async function solutionOf(lesson: Lesson, sandbox: string): Promise<Program> {
  const exercise = (await exercisesOf(lesson)).find(
    ({ hosted }) => hosted.kind === 'transport' || hosted.kind === 'server',
  )
  if (!exercise) throw new Error(`${lesson.name} has no server.`)
  return startProgram(join(lesson.folder, 'solution'), exercise, { follows: sandbox })
}

/** The contents of the fenced blocks in this language. */
function blocksOf(text: string, language: string): readonly string[] {
  return Array.from(text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms')), ([, block = '']) =>
    block.trim(),
  )
}

/** What is sent (a head, and a body where it has one) and what comes back. */
function partsOf(block: string): { request: string; answer: RegExp } {
  const [request = '', answer = ''] = block.split(/\n\n(?=HTTP\/1\.1 )/)
  const lines = answer.split('\n')
  const patterns = lines.map((line) => (line === '…' ? '(?:.+\n)*?' : `${patternOf(line)}\n`))
  return { request, answer: new RegExp(`^${patterns.join('')}`) }
}

const patternOf = (line: string): string =>
  line
    .split(/⟨[^⟩]*⟩/)
    .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
    .join('.+?')

async function expectAnswer(port: number, request: string, answer: RegExp): Promise<void> {
  const [head = '', body = ''] = request.split('\n\n')
  const [line = '', ...headers] = head.split('\n')
  const host = headers.some((header) => header.startsWith('Host: ')) ? [] : [`Host: localhost:${port}`]
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.setEncoding('utf8').on('data', (more: string) => (received += more))
  socket.write(`${[line, ...host, ...headers].join('\r\n')}\r\n\r\n${body}`)
  const text = () => `${received.replaceAll('\r\n', '\n')}\n`
  try {
    await until(`${line} is answered as the page says`, () => answer.test(text()), 5000).catch(() => {
      expect(text()).toMatch(answer)
    })
  } finally {
    socket.destroy()
  }
}
