/** Runs the commands on the lessons' pages, and compares the shown exchanges with the real bytes. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
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
import { readAddress, writeAddress } from '../../web/session/address.ts'
import { serve } from '../serve.ts'
import { until } from '../until.ts'

const run = promisify(execFile)

const REPOSITORY = join(import.meta.dirname, '../..')

const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)

/** Exit code of curl if --max-time ended a stream. */
const OUT_OF_TIME = 28

const SECTIONS = ['Predict', 'The idea', 'Look', 'Build', 'Check', 'Explain', 'Why?', 'Further reading']

// The pages run at the same time, because their commands mostly wait, each for a separate server.
describe.concurrent.each(lessons())('the page of $name', (lesson) => {
  const { folder, number } = lesson
  const text = readFileSync(join(folder, 'README.md'), 'utf8').replaceAll('\r\n', '\n')
  /** Address of the student's server on the page. */
  const yours = `localhost:${LANE_PORT + number}`

  /** True if a command of the page, or a program that it runs, sends requests to the student's server. */
  const asksYours = text.includes(yours) || /yoursIn/.test(lookOf(folder))

  test('asks its question, has all sections in their order, and hides the last answer', () => {
    expect(text).toMatch(/^# .*\?\n/)
    expect(text).toMatch(new RegExp(`^Lesson ${number} · .* · \\d+ minutes$`, 'm'))
    expect(Array.from(text.matchAll(/^## (.*)$/gm), ([, heading]) => heading)).toEqual(SECTIONS)
    expect(text).toMatch(/<details>\n<summary>Answer<\/summary>/)
  })

  test('links to the sandbox only in states that the sandbox knows', () => {
    const links = Array.from(text.matchAll(/http:\/\/localhost:3000\/(\?[^\s)>]*)/g), ([, query = '']) => query)
    expect(links).not.toEqual([])
    for (const query of links) {
      const address = readAddress(query)
      // The sandbox leaves out unknown values and default values.
      expect(new Set(writeAddress(address).slice(1).split('&'))).toEqual(new Set(query.slice(1).split('&')))
    }
  })

  test('links to boards only by valid names', () => {
    for (const [, query = ''] of text.matchAll(/http:\/\/localhost:3000\/board(\?[^\s)>]*)/g))
      expect(writeBoardAddress(readBoardAddress(query))).toBe(query)
  })

  test.skipIf(!hasCurl)(
    'has commands that work unchanged, one block after the other (skipped if curl is not installed)',
    async () => {
      await using server = await serve()
      await using own = asksYours ? await solutionOf(lesson, server.origin) : null
      const blocks = blocksOf(text, 'sh')
      expect(blocks).not.toEqual([])
      const checked = blocks.map(
        (block) => `${block}\nstatus=$?; [ $status -eq 0 ] || [ $status -eq ${OUT_OF_TIME} ] || exit 1`,
      )
      const script = checked
        .join('\n')
        .replaceAll('localhost:3000', `127.0.0.1:${server.port}`)
        .replaceAll(yours, `127.0.0.1:${own?.port}`)
        .replaceAll('npm run look', `"${process.execPath}" lessons/kit/look.ts`)
      const { stdout } = await run('sh', ['-c', script], {
        cwd: REPOSITORY,
        env: {
          ...process.env,
          FOURWIRE_SANDBOX: `http://127.0.0.1:${server.port}`,
          FOURWIRE_YOURS: `http://127.0.0.1:${own?.port}`,
        },
      })
      // curl does not fail if the sandbox returns an error.
      expect(stdout).not.toContain('urn:fourwire:error')
      expect(stdout).not.toBe('')
    },
  )

  test('shows exchanges as they cross the wire, except for the parts that it marks as different', async () => {
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
      // A client that gets the event has read up to the event before it; a client that gets a 204 has read everything.
      const before = id.replace(/\d+$/, (seq) => String(Number(seq) - 1))
      const cursor = block.includes('\n\nHTTP/1.1 204') ? id : before
      await expectAnswer(server.port, request.replace(/⟨[^⟩]*⟩/g, cursor), answer)
    }
  })
})

function lookOf(folder: string): string {
  const file = join(folder, 'look.ts')
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

/** Starts the solution beside the sandbox, as in the lesson. */
async function solutionOf(lesson: Lesson, sandbox: string): Promise<Program> {
  const exercise = (await exercisesOf(lesson)).find(
    ({ hosted }) => hosted.kind === 'transport' || hosted.kind === 'server',
  )
  if (!exercise) throw new Error(`${lesson.name} has no server.`)
  return startProgram(join(lesson.folder, 'solution'), exercise, { follows: sandbox })
}

/** Returns the contents of the fenced blocks in this language. */
function blocksOf(text: string, language: string): readonly string[] {
  return Array.from(text.matchAll(new RegExp(`^\`\`\`${language}\\b[^\\n]*\n(.*?)^\`\`\`$`, 'gms')), ([, block = '']) =>
    block.trim(),
  )
}

/** Splits a block into its request (with the body, if there is one) and a pattern for the answer. */
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
    await until(`${line} gets the response that the page shows`, () => answer.test(text()), 5000).catch(() => {
      expect(text()).toMatch(answer)
    })
  } finally {
    socket.destroy()
  }
}
