/**
 * A line connects the kernel's socket with a link. The line has a pipe for each direction and applies the conditions.
 */
import type { Socket } from 'node:net'
import type { Conditions } from '../../protocol/lab.ts'
import { bandwidth } from './conditions/bandwidth.ts'
import { buffering } from './conditions/buffering.ts'
import type { Condition } from './conditions/condition.ts'
import { firewall } from './conditions/firewall.ts'
import { idleCut } from './conditions/idle-cut.ts'
import { jitter } from './conditions/jitter.ts'
import { latency } from './conditions/latency.ts'
import { loss } from './conditions/loss.ts'
import { setUp } from './conditions/set-up.ts'
import { slowReader } from './conditions/slow-reader.ts'
import { createPipe } from './pipe.ts'
import { readUpgrades } from './upgrades.ts'

export interface Line {
  /**
   * Accepts bytes at once. Returns false if the line is then full. A full line calls `roomAgain` when it has space
   * again.
   */
  send(bytes: Buffer): boolean
  /** Ends the direction to the client. Calls `done` when the kernel has taken all earlier bytes. */
  end(done: () => void): void
  /** Continues to call `receive` with bytes from the client, after `receive` has returned false. */
  resume(): void
  stop(): void
}

/** Functions that a line calls to report to its link. */
export interface LineEnd {
  /** Called with bytes from the client. Returns false if the link wants no more bytes until it calls `resume`. */
  receive(bytes: Buffer): boolean
  /** Called after the last byte from the client. */
  received(): void
  /** Called with the number of bytes that the kernel has just taken. */
  sent(bytes: number): void
  roomAgain(): void
  /** Called when the firewall refuses a request. */
  refused(): void
  /** Called when no byte has passed for `idleCutMs`. */
  idle(): void
}

/** Creates a line. If `spares` returns true for a WebSocket's request target, no condition affects this WebSocket. */
export function createLine(
  kernel: Socket,
  conditions: Conditions,
  spares: (target: string) => boolean,
  link: LineEnd,
): Line {
  const { latencyMs, bufferingBytes, slowReaderBytesPerSecond, idleCutMs } = conditions
  let silence = idleCutMs > 0 ? idleCut(idleCutMs, link.idle) : undefined
  let refuses = conditions.firewall ? firewall() : undefined
  let whenEnded = () => {}

  const up = createPipe([setUp(performance.now(), 2 * latencyMs), ...delays(conditions)], {
    deliver: receive,
    drained: () => kernel.resume(),
    ended: link.received,
  })
  const reader = slowReaderBytesPerSecond > 0 ? [slowReader(slowReaderBytesPerSecond)] : []
  const down = createPipe([...delays(conditions), ...reader], {
    deliver: send,
    drained: link.roomAgain,
    ended: () => kernel.end(whenEnded),
  })
  const proxy = bufferingBytes > 0 ? buffering(conditions, down.put) : undefined

  // Read the bytes before the pipe delays them. Otherwise the conditions would affect the first bytes of a WebSocket
  // for which `spares` returns true.
  const look = readUpgrades((target) => spares(target) && setFree())
  kernel.on('data', (bytes: Buffer) => {
    silence?.heard()
    look(bytes)
    if (!up.put(bytes)) kernel.pause()
  })
  kernel.on('end', up.end)
  kernel.on('drain', down.resume)

  return {
    send(bytes) {
      silence?.heard()
      return (proxy ?? down).put(bytes)
    },
    end(done) {
      whenEnded = done
      proxy?.flush()
      down.end()
    },
    resume: up.resume,
    stop() {
      up.stop()
      down.stop()
      proxy?.stop()
      silence?.stop()
    },
  }

  /** Removes all conditions. The buffering proxy needs no change: the proxy holds back no byte after a 101. */
  function setFree(): void {
    silence?.stop()
    silence = refuses = undefined
    up.free()
    down.free()
  }

  function receive(packets: readonly Buffer[]): boolean {
    let goesOn = true
    for (const packet of packets) {
      if (refuses?.(packet)) {
        link.refused()
        return false
      }
      goesOn = link.receive(packet)
    }
    return goesOn
  }

  /** Writes the given packets to the kernel's socket, all in one write. */
  function send(packets: readonly Buffer[]): boolean {
    let goesOn = true
    kernel.cork()
    for (const packet of packets) {
      goesOn = kernel.write(packet, (error) => {
        if (!error) link.sent(packet.length)
      })
    }
    kernel.uncork()
    return goesOn
  }
}

/**
 * Returns the conditions that delay packets, in the order in which the pipe applies them. A condition keeps state, so
 * each direction needs its own conditions.
 */
function delays({ latencyMs, jitterMs, bandwidthBytesPerSecond, lossRate }: Conditions): Condition[] {
  return [
    ...(bandwidthBytesPerSecond > 0 ? [bandwidth(bandwidthBytesPerSecond)] : []),
    ...(lossRate > 0 ? [loss(lossRate, 2 * latencyMs)] : []),
    ...(latencyMs > 0 ? [latency(latencyMs)] : []),
    ...(jitterMs > 0 ? [jitter(jitterMs)] : []),
  ]
}
