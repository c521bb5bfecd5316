import { spawn } from 'node:child_process'

/** Opens a page in the browser of this machine. If this is not possible, calls `failed` with a sentence. */
export function openBrowser(address: string, failed: (why: string) => void): void {
  const [command, ...args] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[String(process.platform)] ?? [
    'xdg-open',
  ]
  spawn(command ?? 'xdg-open', [...args, address], { stdio: 'ignore', detached: true })
    .on('error', () => failed(`No browser could be opened. Open ${address} yourself.`))
    .unref()
}
