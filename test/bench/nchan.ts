/** nchan, a server of SSE, WebSocket and long polling in C, as a module of nginx. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../lessons/kit/port.ts'
import { until } from '../until.ts'

export interface Nchan extends AsyncDisposable {
  /** Process of the only worker. */
  readonly pid: number
  readonly port: number
}

const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so'

export const hasNchan = (): boolean => existsSync(MODULE)

/**
 * Starts nginx with nchan: `/sub` and `/pub` for streams and WebSockets, `/poll` and `/poll-pub` for long polls. A long
 * poll at `/held` without a position waits for the next message. nginx also ends when this process ends.
 */
export async function startNchan(): Promise<Nchan> {
  const folder = await mkdtemp(join(tmpdir(), 'fourwire-nchan-'))
  const port = await freePort()
  await writeFile(join(folder, 'nginx.conf'), nginxConf(folder, port))
  const [command, ...args] = [...endedWithParent(), 'nginx', '-c', join(folder, 'nginx.conf')]
  const child = spawn(command ?? '', args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const end = (): void => {
    // A master that is killed leaves its worker behind.
    child.kill('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  }
  process.once('exit', end)
  // nginx reports a missing log folder before it has read its configuration, and then continues.
  await until('nginx listens', async () => (await fetch(`http://127.0.0.1:${port}/pub`).catch(() => null)) !== null)
  const worker = Number(execFileSync('pgrep', ['-P', String(child.pid)], { encoding: 'utf8' }).split('\n')[0])
  return {
    pid: worker,
    port,
    async [Symbol.asyncDispose]() {
      process.off('exit', end)
      child.kill('SIGTERM')
      await once(child, 'exit')
      rmSync(folder, { recursive: true })
    },
  }
}

/** Returns a command that runs another one and ends it when this process is killed; nothing if the system has none. */
const endedWithParent = (): readonly string[] =>
  spawnSync('setpriv', ['--version']).status === 0 ? ['setpriv', '--pdeathsig', 'TERM'] : []

function nginxConf(folder: string, port: number): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  )
  const channel = (id: string) => `nchan_channel_id ${id}; nchan_message_buffer_length 1000;`
  return `load_module ${MODULE};
worker_processes 1; daemon off; pid ${folder}/pid; error_log ${folder}/log;
worker_rlimit_nofile 20000; events { worker_connections 19000; }
http {
  access_log off; ${paths.join(' ')} nchan_shared_memory_size 256M; keepalive_requests 1000000;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location = /sub { nchan_subscriber; ${channel('feed')} nchan_subscriber_first_message newest; }
    location = /pub { nchan_publisher; ${channel('feed')} }
    location = /poll { nchan_subscriber longpoll; ${channel('poll')} }
    location = /held { nchan_subscriber longpoll; ${channel('poll')} nchan_subscriber_first_message newest; }
    location = /poll-pub { nchan_publisher; ${channel('poll')} }
  }
}
`
}
