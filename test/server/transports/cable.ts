/** Separate network on a virtual cable to this machine, in which a client can really be lost. Needs Linux and root. */
import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'

export interface Cable extends Disposable {
  /** Address of this machine in the network. */
  readonly here: string
  /** Runs a JavaScript program in the network until the cable is removed. */
  run(program: string, ...args: string[]): void
  /** Drops all packets from the network, including acknowledgements. Packets to it still arrive. */
  loseTheWayBack(): void
}

/** Lays a cable, or returns the reason why that is impossible. */
export function layCable(): Cable | string {
  const network = `fourwire-${process.pid}`
  // These four addresses are reserved for tests (RFC 2544), and no other process here uses them.
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
    // The network exists as long as a process runs in it, even after its name is removed.
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
