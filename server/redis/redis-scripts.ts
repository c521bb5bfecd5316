/**
 * The scripts that Redis runs for the log. Redis runs a script as one step, so no reader sees a part of it.
 *
 * A room has four keys with the same hash tag, the room's name. So a script needs only keys of one slot:
 *
 * - `fourwire:{ROOM}:room` is a hash. `epoch` and `run` are the room's epoch, and the run of Redis in which it began. `gen` is
 *   the epoch's generation, a number that always grows. `last` is the number of the last event. `at` is the time of the
 *   last event, and `stated` the number of the last event that changed the state.
 * - `fourwire:{ROOM}:events` is a stream. The id of an entry is `gen-seq`. The fields of an entry are the event `e`, its
 *   time `t`, and its idempotency key `k`.
 * - `fourwire:{ROOM}:keys` is a hash of the idempotency keys: `seq fingerprint`.
 * - `fourwire:{ROOM}:state` is the room's state.
 *
 * `fourwire:run` is the name of the present run of Redis: redis-run.ts. `fourwire:states` lists the rooms with a state:
 * redis-states.ts.
 *
 * A room whose hash was written by another run of Redis gets a new epoch, because Redis may have lost events between the
 * two runs. A room that Redis has lost completely gets a new epoch too. With the new generation, the ids of later
 * entries are higher than all ids before. So a reader that waits for entries after an old id also gets them.
 */

/** Version of the keys above. An older Fourwire refuses a Redis with a later version. */
export const LAYOUT = 2

export const LAYOUT_KEY = 'fourwire:layout'

/** Returns the keys of a room, in the order in which every script takes them. */
export const keysOf = (room: string): [room: string, events: string, keys: string, state: string] => [
  `fourwire:{${room}}:room`,
  `fourwire:{${room}}:events`,
  `fourwire:{${room}}:keys`,
  `fourwire:{${room}}:state`,
]

export const KEYS_OF_ROOM = 4

/** Arguments that every script takes first. */
export interface ScriptStart {
  /** Name of the run of Redis with which this connection is connected. */
  readonly run: string
  /** Epoch that the room gets if it needs a new one. */
  readonly candidate: string
  /** Retention; 0 means no limit of time. */
  readonly events: number
  readonly ageMs: number
  readonly stateAgeMs: number
  /** The last event that the caller already has. With the generation 0, the caller wants no events. */
  readonly gen: number
  readonly seq: number
}

export const argumentsOf = (start: ScriptStart): (string | number)[] => [
  start.run,
  start.candidate,
  start.events,
  start.ageMs,
  start.stateAgeMs,
  start.gen,
  start.seq,
]

/** Maximum number of events that a script returns to a caller that is behind. */
const CATCH_UP_EVENTS = 500

/**
 * Begins every script: reads the room, gives it a new epoch if this is necessary, and drops events that are too old.
 * `answer` returns the epoch, the generation, the numbers of the first and the last kept event, and the events after the
 * caller's last one.
 */
const BEGIN = `
local room, events, keys, state = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local most, age, stateAge = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local meta = redis.call('HMGET', room, 'epoch', 'run', 'gen', 'last', 'at', 'stated')
local epoch, gen, last = meta[1], tonumber(meta[3] or 0), tonumber(meta[4] or 0)
local at, stated = tonumber(meta[5] or 0), tonumber(meta[6] or 0)
local dayMs = 86400000

local function idOf(seq) return string.format('%.0f-%.0f', gen, seq) end
local function seqOf(id) return tonumber(string.match(id, '-(%d+)$')) end

local function keep()
  if age > 0 then redis.call('PEXPIRE', room, math.max(age, stateAge) + dayMs) end
end

local function rewrite(change)
  local kept = redis.call('XRANGE', events, '-', '+')
  redis.call('DEL', events)
  for _, entry in ipairs(kept) do
    local seq = seqOf(entry[1])
    redis.call('XADD', events, idOf(seq), unpack(change(seq, entry[2])))
  end
  if age > 0 then redis.call('PEXPIRE', events, age) end
end

local function begin()
  epoch, gen = ARGV[2], math.max(now, gen + 1)
  redis.call('HSET', room, 'epoch', epoch, 'run', ARGV[1], 'gen', string.format('%.0f', gen), 'last', last)
  keep()
end

if not epoch or meta[2] ~= ARGV[1] then
  begin()
  if redis.call('EXISTS', events) == 1 then rewrite(function(_, fields) return fields end) end
end

local function drop()
  local first = last + 1
  local from = '-'
  -- Usually no event is too old. Then one entry is enough to know this.
  local count = 1
  while first > 0 do
    local oldest = redis.call('XRANGE', events, from, '+', 'COUNT', count)
    count = math.min(64, count * 2)
    if #oldest == 0 then first = last + 1 break end
    local done = false
    for _, entry in ipairs(oldest) do
      first = seqOf(entry[1])
      local fields = entry[2]
      if first > last - most and (age == 0 or tonumber(fields[4]) >= now - age) then done = true break end
      for i = 5, #fields, 2 do
        if fields[i] == 'k' then redis.pcall('HDEL', keys, fields[i + 1]) end
      end
      from = '(' .. entry[1]
      first = first + 1
    end
    if done then break end
  end
  -- If Redis refuses writes, the old events stay, but \`first\` already leaves them out. So reading continues.
  if from ~= '-' then redis.pcall('XTRIM', events, 'MINID', idOf(first)) end
  return first
end

local function answer(...)
  local first = drop()
  local news = {}
  if tonumber(ARGV[6]) == gen then
    news = redis.call('XRANGE', events, '(' .. idOf(tonumber(ARGV[7])), '+', 'COUNT', ${CATCH_UP_EVENTS})
  end
  return {epoch, string.format('%.0f', gen), first, last, news, ...}
end
`

/** ARGV: the number of appends, and for each one: event, key, fingerprint, state, and the cursor that it is based on. */
const APPEND = `
drop()
local results = {}
for i = 0, tonumber(ARGV[8]) - 1 do
  local json, key, print = ARGV[9 + i * 5], ARGV[10 + i * 5], ARGV[11 + i * 5]
  local text, base = ARGV[12 + i * 5], ARGV[13 + i * 5]
  local known = key ~= '' and redis.call('HGET', keys, key)
  local basedOn, basedAt = string.match(base, '^(.*)%.(%d+)$')
  if known then
    local seq, earlier = string.match(known, '^(%d+) (.*)$')
    local entry = redis.call('XRANGE', events, idOf(seq), idOf(seq))[1]
    table.insert(results, earlier == print and {'repeated', tonumber(seq), entry[2][2]} or {'reused', 0, ''})
  elseif base ~= '' and (basedOn ~= epoch or tonumber(basedAt) < stated) then
    table.insert(results, {'stale', 0, ''})
  else
    last, at = last + 1, math.max(at, now)
    local t = string.format('%.0f', at)
    if key == '' then
      redis.call('XADD', events, idOf(last), 'e', json, 't', t)
    else
      redis.call('XADD', events, idOf(last), 'e', json, 't', t, 'k', key)
      redis.call('HSET', keys, key, string.format('%.0f %s', last, print))
    end
    redis.call('HSET', room, 'last', last, 'at', t)
    if text ~= '' then
      stated = last
      redis.call('HSET', room, 'stated', last)
      if text == '-' then
        redis.call('DEL', state)
      elseif stateAge > 0 then
        redis.call('SET', state, t .. ' ' .. text, 'PX', stateAge)
      else
        redis.call('SET', state, t .. ' ' .. text)
      end
    end
    table.insert(results, {'new', last, ''})
  end
end
keep()
if age > 0 then
  redis.call('PEXPIRE', events, age)
  redis.call('PEXPIRE', keys, age)
end
return answer(results)
`

/** ARGV: the number of events to read, and the number of the event after which to read. */
const LOOK = `
local found = {}
local limit = tonumber(ARGV[8])
local first = drop()
if limit > 0 then
  found = redis.call('XRANGE', events, '(' .. idOf(tonumber(ARGV[9])), '+', 'COUNT', limit)
end
return answer(found)
`

const STATE = `
return answer(redis.call('GET', state) or '')
`

/** ARGV: the key whose event is searched. Returns its fingerprint, its number and the event. */
const FIND = `
drop()
local seq, print = string.match(redis.call('HGET', keys, ARGV[8]) or '', '^(%d+) (.*)$')
if not seq then return answer({}) end
local entry = redis.call('XRANGE', events, idOf(seq), idOf(seq))[1]
return answer({print, tonumber(seq), entry[2][2]})
`

/** A room keeps its last number when it is cleared, but begins a new epoch: its state is not the earlier one. */
const CLEAR = `
redis.call('DEL', events, keys, state)
begin()
return answer()
`

/** ARGV: the epoch of the events to replace, and for each one its number and the event that replaces it. */
const REPLACE = `
if ARGV[8] ~= epoch then return answer(0) end
local by, count = {}, 0
for i = 9, #ARGV, 2 do by[tonumber(ARGV[i])] = ARGV[i + 1] end
rewrite(function(seq, fields)
  if by[seq] then
    fields[2] = by[seq]
    count = count + 1
  end
  return fields
end)
return answer(count)
`

/** Takes a lease, or extends an own one. ARGV: id of the process, and the duration in ms. */
export const LEASE = `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`

/** Ends an own lease. ARGV: id of the process. */
export const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
return 1
`

/**
 * Changes entries of a map. ARGV: the key, the value before and the value after of each entry. A value has a `=` before
 * it, and an empty text stands for no entry. Returns an empty list, or the present values if one is not as before.
 */
export const CHANGE = `
local present, same = {}, true
for i = 1, #ARGV, 3 do
  local value = redis.call('HGET', KEYS[1], ARGV[i])
  present[#present + 1] = value and '=' .. value or ''
  same = same and present[#present] == ARGV[i + 1]
end
if not same then return present end
for i = 1, #ARGV, 3 do
  if ARGV[i + 2] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
  else redis.call('HSET', KEYS[1], ARGV[i], string.sub(ARGV[i + 2], 2)) end
end
return {}
`

export const SCRIPTS = {
  append: BEGIN + APPEND,
  look: BEGIN + LOOK,
  state: BEGIN + STATE,
  find: BEGIN + FIND,
  clear: BEGIN + CLEAR,
  replace: BEGIN + REPLACE,
}
