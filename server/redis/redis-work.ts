/**
 * Work that only one process does at a time, in Redis. Scripts compare the numbers of the processes, so that no process
 * takes work that another one does, and no process overwrites what a later one has saved.
 *
 * `fourwire:{shared}:work:NAME` is a hash: the process `owner` does the work `until` a time, and `number` is its number.
 * `text` is what it has saved last, and `saves` is the number of its saves. `fourwire:{shared}:kept:NAME` is a list of kept texts.
 */
import { MOST_KEPT } from '../peers/sole-work.ts'
import type { SoleWork } from '../peers/sole-work.ts'
import type { RedisClient } from './redis-client.ts'

/** Creates the work. `id`: id of this process. */
export function redisWork({ ask }: Pick<RedisClient, 'ask'>, id: string, name: string): SoleWork {
  const [hash, kept] = [`fourwire:{shared}:work:${name}`, `fourwire:{shared}:kept:${name}`]
  /** Highest number of which this process has heard. If this process does the work, it is its own. */
  let known = 0
  let isHeld = false
  /** Number of saves since this process has taken the work. */
  let saves = 0

  return {
    async take(ms, isForced) {
      const args = [id, ms, known, Number(isHeld), Number(isForced), saves]
      const reply = await ask((client) => client.eval(TAKE, 1, hash, ...args))
      const [is, number, text, isLost] = reply as [is: string, number: number, text: string, isLost: number]
      if (is === 'held') return { is, isLost: isLost === 1 }
      isHeld = is === 'taken'
      if (is !== 'taken') return is === 'lost' ? { is } : { is: 'other' }
      known = number
      saves = 0
      return { is, number, text: text === '' ? null : text, isLost: isLost === 1 }
    },
    async save(text) {
      if (!isHeld) return false
      saves += 1
      return (await ask((client) => client.eval(SAVE, 1, hash, known, text, saves))) === 1
    },
    async keep(text) {
      return isHeld && (await ask((client) => client.eval(KEEP, 2, hash, kept, known, text, MOST_KEPT - 1))) === 1
    },
    kept: () => ask((client) => client.lrange(kept, 0, -1)),
    note(number) {
      if (number <= known) return
      known = number
      isHeld = false
    },
    drop: () => void (isHeld = false),
    async release() {
      isHeld = false
      await ask((client) => client.eval(RELEASE_WORK, 1, hash, id, known)).catch(() => {})
    },
  }
}

/**
 * ARGV: id of the process, duration in ms, highest known number, 1 if the process holds the work, 1 if it may take work
 * whose latest text is lost, and the number of saves of the process. A failover can lose the last saves.
 */
const TAKE = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local is = redis.call('HMGET', KEYS[1], 'owner', 'until', 'number', 'text', 'saves')
local known, holds = tonumber(ARGV[3]), ARGV[4] == '1'
local stored = tonumber(is[3] or 0)
if is[1] and is[1] ~= ARGV[1] and tonumber(is[2]) > now then return {'other', 0, '', 0} end
local what, number = 'held', known
local lost = (stored < known or holds and stored == known and tonumber(is[5] or 0) < tonumber(ARGV[6])) and 1 or 0
if not holds or stored > known then
  if lost == 1 and ARGV[5] ~= '1' then return {'lost', 0, '', 1} end
  what, number = 'taken', math.max(stored, known) + 1
end
redis.call('HSET', KEYS[1], 'owner', ARGV[1], 'until', string.format('%.0f', now + tonumber(ARGV[2])), 'number', number)
if what == 'taken' then redis.call('HSET', KEYS[1], 'saves', 0) end
return {what, number, what == 'taken' and is[4] or '', lost}
`

/** ARGV: number of the process, the text, and the number of the save. */
const SAVE = `
if tonumber(redis.call('HGET', KEYS[1], 'number') or 0) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'number', ARGV[1], 'text', ARGV[2], 'saves', ARGV[3])
return 1
`

/** ARGV: number of the process, the text, and the index of the last text that stays. */
const KEEP = `
if tonumber(redis.call('HGET', KEYS[1], 'number') or 0) > tonumber(ARGV[1]) then return 0 end
redis.call('LPUSH', KEYS[2], ARGV[2])
redis.call('LTRIM', KEYS[2], 0, ARGV[3])
return 1
`

/** ARGV: id and number of the process. */
const RELEASE_WORK = `
local is = redis.call('HMGET', KEYS[1], 'owner', 'number')
if is[1] == ARGV[1] and tonumber(is[2]) == tonumber(ARGV[2]) then redis.call('HDEL', KEYS[1], 'owner', 'until') end
return 1
`
