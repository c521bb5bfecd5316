/** What lies between the kernel's socket and a link: a pipe for each direction, and the conditions on it. */
import type { Socket } from 'node:net'
import type { Conditions } from '../protocol.ts'
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
  /** Takes bytes at once. False: full; `roomAgain` is told when there is room. */
  send(bytes: Buffer): boolean
  /** Nothing follows. Calls back when the kernel has all that came before. */
  end(done: () => void): void
  /** Goes on after `receive` has answered false. */
  resume(): void
  stop(): void
}

/** What a line tells the link. */
export interface LineEnd {
  /** Bytes from the client. False: no more until `resume`. */
  receive(bytes: Buffer): boolean
  received(): void
  /** The kernel has taken so many bytes more. */
  sent(bytes: number): void
  roomAgain(): void
  /** The firewall has read a request that it does not let through. */
  refused(): void
  /** Nothing was said for too long. */
  idle(): void
}

/** `spares`: targets of WebSockets that no condition meets. */
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

  const up = createPipe([setUp(performance.now(), 2 * latencyMs), ...onTheWay(conditions)], {
    deliver: receive,
    drained: () => kernel.resume(),
    ended: link.received,
  })
  const reader = slowReaderBytesPerSecond > 0 ? [slowReader(slowReaderBytesPerSecond)] : []
  const down = createPipe([...onTheWay(conditions), ...reader], {
    deliver: send,
    drained: link.roomAgain,
    ended: () => kernel.end(whenEnded),
  })
  const proxy = bufferingBytes > 0 ? buffering(conditions, down.put) : undefined

  // As it comes, before it is under way: what is spared is so from its first byte on.
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

  /** Neither does a proxy hold anything back here: behind a 101 it never does. */
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

  /** Several at once are one write of the kernel's. */
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

/** In the order in which a packet meets them. A condition keeps its state, so each direction has its own. */
function onTheWay({ latencyMs, jitterMs, bandwidthBytesPerSecond, lossRate }: Conditions): Condition[] {
  return [
    ...(bandwidthBytesPerSecond > 0 ? [bandwidth(bandwidthBytesPerSecond)] : []),
    ...(lossRate > 0 ? [loss(lossRate, 2 * latencyMs)] : []),
    ...(latencyMs > 0 ? [latency(latencyMs)] : []),
    ...(jitterMs > 0 ? [jitter(jitterMs)] : []),
  ]
}
