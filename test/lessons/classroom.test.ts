/** Tries the template for a classroom of repositories: lays it out in an empty folder, and runs its workflow's commands. */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { REPOSITORY, lessonOf, lessons } from '../../lessons/kit/course.ts'
import { mistakeOf, writeMistake } from '../../lessons/kit/mistakes.ts'

const run = promisify(execFile)

const TEMPLATE = join(REPOSITORY, 'lessons/classroom')
const GRADER = 'classroom-resources/autograding-command-grader@v1'
const REPORTER = 'classroom-resources/autograding-grading-reporter@v1'

interface Step {
  readonly id?: string
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, string | number>>
  readonly env?: Readonly<Record<string, string>>
}

const workflow = parse(readFileSync(join(TEMPLATE, '.github/workflows/classroom.yml'), 'utf8'))
const steps: readonly Step[] = workflow.jobs.check.steps
const graders = steps.filter(({ uses }) => uses === GRADER)

test('the workflow has a step with points for each lesson, and reports all of them', () => {
  expect(graders.map((step) => step.with?.['test-name'])).toEqual(lessons().map(({ name }) => name))
  for (const step of graders) expect(step.with?.['max-score'], step.id).toBeGreaterThan(0)
  const reporter = steps.find(({ uses }) => uses === REPORTER)
  const ids = graders.map(({ id = '' }) => id)
  expect(reporter?.with?.['runners']).toBe(ids.join(','))
  expect(reporter?.env).toEqual(
    Object.fromEntries(ids.map((id) => [`${id.toUpperCase()}_RESULTS`, `\${{ steps.${id}.outputs.result }}`])),
  )
})

test('the workflow checks out the student’s files, and the course into its own folder, and installs the course', () => {
  const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'))
  expect(checkouts.map((step) => step.with?.['path'])).toEqual([undefined, 'course'])
  expect(steps.flatMap((step) => step.run ?? [])).toContain('npm --prefix course ci')
})

test('a right submission gets the points of its lesson, a wrong one and a missing one get none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fourwire-classroom-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  cpSync(TEMPLATE, folder, { recursive: true })
  // The installed course of this test takes the place of the checkout and of `npm ci`. Its folder is a real one, because
  // `..` in a command would lead to the parent of a link's target.
  mkdirSync(join(folder, 'course'))
  for (const name of readdirSync(REPOSITORY)) symlinkSync(join(REPOSITORY, name), join(folder, 'course', name))
  const right = lessonOf('10')
  const wrong = lessonOf('3')
  cpSync(join(right.folder, 'solution'), join(folder, right.name), { recursive: true })
  writeMistake(wrong, mistakeOf(wrong, 'empty-list'), join(folder, wrong.name))

  const points: Record<string, number> = {}
  for (const lesson of [right, wrong, lessonOf('1')]) {
    const step = graders.find(({ with: given }) => given?.['test-name'] === lesson.name)
    points[lesson.name] = await pointsOf(step, folder)
  }
  expect(points).toEqual({ '10-building-a-websocket-server': 10, '03-short-polling': 0, '01-why-real-time': 0 })
}, 180_000)

/** Runs a step as the grader does: the exit code 0 gives all points. The command is run without a shell. */
async function pointsOf(step: Step | undefined, folder: string): Promise<number> {
  const [command = '', ...args] = String(step?.with?.['command']).split(' ')
  const isRight = await run(command, args, { cwd: folder }).then(
    () => true,
    () => false,
  )
  return isRight ? Number(step?.with?.['max-score']) : 0
}
