/** A network of its own on a cable to this machine, in which a client can really be lost: Linux, and only for root. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

export interface Cable extends Disposable {
  /** This machine's address on it. */
  readonly here: string
  /** Runs a program of JavaScript there, until the cable is taken away. */
  run(program: string, ...args: string[]): void
  /** What runs there gets what is sent to it, and nothing that it says arrives, not even that it got it. */
  loseTheWayBack(): void
}

/** Or why there is none to be had. */
export function layCable(): Cable | string {
  const network = `fourwire-${process.pid}`
  // Of the addresses that are for tests (RFC 2544) four, which no other process here has.
  const block = (process.pid % 0x4000) * 4
  const address = (i: number) => `198.18.${block >> 8}.${(block & 0xff) + i}`
  const here = address(1)
  const running: ChildProcess[] = []
  const removals: string[] = []
  const add = (words: string, removal: string) => {
    ip(words)
    removals.unshift(removal)
  }
  const remove = () => {
    for (const child of running) child.kill('SIGKILL')
    for (const removal of removals) ip(removal)
  }
  try {
    add(`netns add ${network}`, `netns del ${network}`)
    // The network itself outlives its name while something runs in it.
    add(`link add fw${process.pid} type veth peer name there netns ${network}`, `link del fw${process.pid}`)
    ip(`addr add ${here}/30 dev fw${process.pid}`)
    ip(`link set fw${process.pid} up`)
    ip(`-n ${network} addr add ${address(2)}/30 dev there`)
    ip(`-n ${network} link set there up`)
  } catch (error) {
    remove()
    return `no network of one's own is to be had: ${error instanceof Error ? error.message.trim() : String(error)}`
  }
  return {
    here,
    run(program, ...args) {
      const words = ['netns', 'exec', network, process.execPath, '-e', program, ...args]
      running.push(spawn('ip', words, { stdio: 'ignore' }))
    },
    loseTheWayBack: () => ip(`-n ${network} route replace blackhole ${here}/32`),
    [Symbol.dispose]: remove,
  }
}

const ip = (words: string): Buffer => execFileSync('ip', words.split(' '), { stdio: 'pipe' })
