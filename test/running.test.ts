/**
 * Tests of the systemd unit and the container file of server/README.md, without systemd and without a container engine.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { DOCUMENTS } from '../server/pages/documents.ts'
import { blockOf, withThese } from './readme.ts'

const REPOSITORY = join(import.meta.dirname, '..')

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

async function temporary(): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-running-'))
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

test.skipIf(!hasSystemd)(
  'systemd-analyze finds no error in the service unit (skipped if there is no systemd-analyze)',
  async () => {
    await using temp = await temporary()
    const unit = join(temp.folder, 'fourwire.service')
    await writeFile(unit, withThese(blockOf('ini'), { '/usr/bin/node': process.execPath }))
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' })
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' })
  },
)

test('the service unit starts the server only with flags that exist', async () => {
  const [, command = ''] = /^ExecStart=\S+ (.*)$/m.exec(blockOf('ini')) ?? []
  await using temp = await temporary()
  const args = withThese(command, { '/var/lib/fourwire': temp.folder }).split(' ')
  await started(REPOSITORY, args)
})

test('the files that the container image copies are enough for a healthy server with all documents and lessons', async () => {
  const lines = blockOf('dockerfile').trim().split('\n')
  const of = (instruction: string) =>
    lines.filter((line) => line.startsWith(`${instruction} `)).map((line) => line.slice(instruction.length + 1))
  expect(lines[0]).toMatch(/^FROM \S+\/node:(?:2[4-9]|[3-9]\d)/)
  expect(
    lines.filter((line) => !/^(?:FROM|WORKDIR|COPY|RUN|USER|VOLUME|EXPOSE|HEALTHCHECK|CMD) \S/.test(line)),
  ).toEqual([])

  await using temp = await temporary()
  const root = join(temp.folder, 'root')
  for (const copied of of('COPY')) {
    const sources = copied.split(' ')
    const target = sources.pop() ?? ''
    for (const source of sources) {
      const to = join(root, target.endsWith('/') ? join(target, basename(source)) : target)
      await mkdir(dirname(to), { recursive: true })
      await cp(join(REPOSITORY, source), to, { recursive: true })
    }
  }
  await symlink(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'))

  const [command, ...args]: string[] = JSON.parse(withThese(of('CMD')[0] ?? '', { '/data/': `${temp.folder}/` }))
  expect(command).toBe('node')
  await started(root, args, async (port) => {
    const [probe, ...script]: string[] = JSON.parse(
      withThese((of('HEALTHCHECK')[0] ?? '').replace(/^CMD /, ''), { ':3000': `:${port}` }),
    )
    expect(probe).toBe('node')
    const [code] = await once(spawn(process.execPath, script), 'exit')
    expect(code).toBe(0)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toContain('<title>Fourwire')

    const list = await (await fetch(`http://127.0.0.1:${port}/docs`)).text()
    const listed = Array.from(list.matchAll(/<li><span><a href="\/docs\/([a-z]+)"/g), ([, name]) => name)
    expect(listed).toEqual(DOCUMENTS.map(({ name }) => name))
    for (const path of ['/docs/sandbox.png', '/lessons/01-why-real-time'])
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status, path).toBe(200)
  })
})

/** Runs the program until the check is done. Then SIGTERM must end it with code 0. */
async function started(cwd: string, args: readonly string[], check?: (port: number) => Promise<void>): Promise<void> {
  const child = spawn(process.execPath, args, {
    cwd,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  try {
    let port = 0
    for await (const line of createInterface(child.stdout)) {
      port = Number(/^Fourwire is at http:\/\/[^ ]*:(\d+)/.exec(line)?.[1] ?? 0)
      if (port > 0) break
    }
    expect(port).toBeGreaterThan(0)
    await check?.(port)
    child.kill('SIGTERM')
    expect((await once(child, 'exit'))[0]).toBe(0)
  } finally {
    child.kill('SIGKILL')
  }
}
