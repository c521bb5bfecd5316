/** `npm run look 4 held`: runs a small program of a lesson's section *Look*. Without a name it lists the programs. */
import '../../server/start/node-version.ts'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { outliveReaders } from '../../server/start/ending.ts'
import { startTrouble } from '../../server/start/start-trouble.ts'
import { lessonOf } from './course.ts'
import type { Looks } from './looking.ts'

const BAD_USAGE = 2

outliveReaders()

// Catches rejections of promises that nobody awaits yet.
process.on('uncaughtException', fail)

await main(process.argv.slice(2)).catch(fail)

function fail(error: unknown): never {
  console.error(startTrouble(error))
  process.exit(BAD_USAGE)
}

async function main([number, name]: readonly string[]): Promise<void> {
  if (number === undefined) throw new Error('Which lesson? For example: npm run look 4 held')
  const lesson = lessonOf(number)
  const file = join(lesson.folder, 'look.ts')
  if (!existsSync(file)) throw new Error(`Lesson ${lesson.number} has no programs to look at.`)
  const { looks }: { looks: Looks } = await import(pathToFileURL(file).href)
  const look = name === undefined ? undefined : looks[name]
  if (look) return look()
  const names = Object.keys(looks).map((each) => `  npm run look ${lesson.number} ${each}`)
  throw new Error(`${name === undefined ? 'Which program?' : `There is no "${name}".`} There are:\n${names.join('\n')}`)
}
