import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

const KIT = join(import.meta.dirname, '../../lessons/kit')

/** Runs a command of the kit until it ends. The first argument can be an object with environment variables. */
export async function runKit(entry: string, first: string | Record<string, string> = {}, ...rest: readonly string[]) {
  const [env, args] = typeof first === 'string' ? [{}, [first, ...rest]] : [first, rest]
  const child = spawn(process.execPath, [join(KIT, entry), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const [code] = await once(child, 'close')
  return { code, stdout, stderr }
}
