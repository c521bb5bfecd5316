/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const TO_DO: Hint = [
  'Your function did not return a cost with three numbers.',
  'Look at what the function returns for this transport. Is there still a TODO above that line?',
  'A model has to return numbers for every case that it is made for, quiet rooms included.',
]

const AGE: Hint = [
  'Requests and bytes are right, but the age is wrong.',
  'Look at one message. How long does it wait at the server, and how long does it travel?',
  'An age is a sum: the wait until a request fetches the message, and the time that the response travels, which is half of the round trip.',
]

export const words = {
  cost: {
    'asks-for-nothing': {
      title: 'Counts the polls in a room without messages',
      full: [
        'Your model treats every poll as one that brings a message.',
        'Look at the two sizes of an exchange that you get. Which of them belongs to an empty poll?',
        'The response to an empty poll has no body and a shorter head. It is smaller, but it is not free.',
      ],
      'per-message': [
        'Your model has no polls if there are no messages.',
        'Look at what decides how often a client asks. Does the room have any influence on it?',
        'A client cannot know whether there is a message before it asks. The number of polls depends only on the clock.',
      ],
      unit: [
        'The number of requests is a thousand times too small or too large.',
        'Look at the units: the interval is in milliseconds, and the requests are counted per second.',
        'A number without its unit is the most frequent mistake in measurements.',
      ],
      pause: [
        'You added the round trip to the interval.',
        'Look at the meaning of `intervalMs`. From which moment to which does it go?',
        'The interval goes from one request to the next, so the round trip is a part of it already.',
      ],
      other: [
        'Your numbers do not follow from the interval and the size of an empty poll.',
        'Look at one poll. How often is it sent, and what is its size?',
        'Without messages, a poll is a request, a response without a body, and a pause.',
      ],
    },
    'half-empty': {
      title: 'Predicts the measured cost of short polling if some polls are empty',
      'one-each': [
        'Your model counts a full exchange for each message.',
        'Look at two messages that come between the same two polls. How many responses bring them?',
        'A poll brings all new messages. Its heads are sent once for all of them, and each message is sent once.',
      ],
      'all-empty': [
        'In your model, all polls are empty, or all of them are full.',
        'Look at how often no message comes between two polls: never, always, or sometimes?',
        'If messages come at random, and m are expected in a period, the probability that none comes is e to the power of −m.',
      ],
      age: AGE,
      other: [
        'Your bytes differ from the bytes that were counted at the socket.',
        'Look at one second. How many polls does it contain, what share of them is empty, how large is each kind, and how many messages are sent?',
        'Polls and messages cross the wire. Count them separately, because each has its own number and its own size.',
      ],
    },
    'many-in-one': {
      title: 'Predicts the measured cost of short polling if many messages share a response',
      'payload-once': [
        'Your model sends too few messages: only one with each response, for instance.',
        'Look at the bytes of the messages themselves in one second.',
        'Messages that share a response save heads, not payloads. Each message crosses the wire once.',
      ],
      'one-each': [
        'Your model sends a request for each message.',
        'Look at what decides how often a client asks.',
        'If more than one message comes in each interval, there are fewer responses than messages. This is the best case for short polling.',
      ],
      age: AGE,
      other: [
        'Many messages share a response, and your model is wrong by more than a tenth.',
        'Look at one poll of this workload. Which part does it contain once, and which part ten times?',
        'A poll with more messages grows by the size of these messages, and by nothing else.',
      ],
    },
    'share-of-empties': {
      title: 'Follows the formula for short polling, from quiet rooms to busy ones',
      share: [
        'The bytes do not fit the share of polls that are empty.',
        'Look at how you calculate this share. Is it between 0 and 1 for every rate, and is it the share of the empty polls?',
        'If m messages are expected in an interval, a poll is empty with the probability e to the power of −m. Every other poll is a full one.',
      ],
      requests: [
        'The number of requests changes with the messages or with the distance, and it should not.',
        'Look at what decides how often the client asks.',
        'A client that polls asks once in each interval. Neither the room nor the network changes that.',
      ],
      age: AGE,
    },
    'held-in-vain': {
      title: 'Predicts the measured cost of long polling in a room without messages',
      'for-ever': [
        'Without messages, your model holds a request for ever, or returns no usable number.',
        'Look at the number that you divide by, and at what ends a hold if no message comes.',
        'A hold ends at the next message or after its wait, whichever comes first. The fewer messages there are, the closer the mean gets to the full wait.',
      ],
      full: [
        'Your model treats a response that ends a wait as one that brings a message.',
        'Look at the size of a response without a body.',
        'A hold without a message ends with a 204: it is an empty poll, only a slow one.',
      ],
      other: [
        'Your numbers differ from the measurement of requests that are held, end empty, and are sent again.',
        'Look at the time from one request to the next. What does it contain besides the wait?',
        'After each response there is a gap of one round trip: the response travels to the client, and the next request to the server.',
      ],
    },
    'held-for-news': {
      title: 'Predicts the measured cost of long polling if some holds end empty',
      'no-empties': [
        'Your model has as many requests as messages, so no hold ends empty.',
        'Look at how long it can take until a message comes, and at how long a request may be held.',
        'With one message in twenty seconds on average, it often happens that none comes for twenty-five seconds. The probability is e to the power of −rate · wait.',
      ],
      'all-full': [
        'The number of requests is right, but in your model each of them brings a message.',
        'Look at the holds that end without a message. How many are there, and how large are their responses?',
        'A response that only ends a wait has no body. If messages are rare, many responses are of this kind.',
      ],
      age: AGE,
      other: [
        'Your numbers differ from the measurement in which some holds bring a message and some do not.',
        'Look at one cycle, from one response to the next. How long is it on average, and which bytes does it contain?',
        'The cost per second is the cost of one cycle, divided by the duration of a cycle.',
      ],
    },
    batches: {
      title: 'Predicts the measured cost of long polling if messages come in its gaps',
      'one-each': [
        'Your model sends a request for each message.',
        'Look at the gap. How many messages come while no request is waiting, and how many responses bring them?',
        'Messages from one gap share one response. So long polling limits itself: it sends at most one request in each round trip.',
      ],
      'always-held': [
        'In your model, every request is held until a message comes.',
        'Look at a request that arrives when there are messages already. How long is it held?',
        'A request is held only if no message came during the gap. If m messages are expected in a gap, that happens with the probability e to the power of −m.',
      ],
      parked: [
        'In your model, no message waits at the server.',
        'Look at messages that come during the gap. Which request can take them at that moment?',
        'A message from the gap waits for the end of the gap, half of the gap on average. With many messages and a long round trip, most messages wait.',
      ],
      other: [
        'Messages come faster than round trips, and your model is wrong by more than a tenth.',
        'Look at one cycle of this workload. How many messages come in its gap, and is there any hold?',
        'A cycle is a gap, plus a hold if the gap brought no message.',
      ],
    },
    'the-cycle': {
      title: 'Follows the formula for long polling, for long round trips and for none',
      requests: [
        'The number of requests does not follow from the length of a cycle.',
        'Look at the parts of a cycle: the gap, and the hold if no message came in the gap. Which units do they have?',
        'There is one request in each cycle, so the number of requests in a second is one divided by the seconds of a cycle.',
      ],
      'always-held': [
        'In your model, every request is held, also after a gap with messages.',
        'Look at a request that arrives when there are messages already. How long is it held?',
        'If messages came in the gap, the server responds at once. Only the other cycles have a hold.',
      ],
      'empty-twice': [
        'Your model counts a cycle as empty if no message came during the hold.',
        'Look at a message that comes in the gap. Is the response to the next request empty?',
        'A cycle is empty only if no message came in the gap and none during the wait. Multiply the two probabilities.',
      ],
      share: [
        'The number of requests is right, but the bytes are not.',
        'Look at one cycle. With which probability is it empty, and how many bytes does it have then?',
        'A cycle is empty if no message came in the gap and none during the wait. All other cycles carry messages.',
      ],
      parked: [
        'In your model, no message waits at the server.',
        'Look at messages that come during the gap. Which request can take them at that moment?',
        'A message from the gap waits for half of the gap on average. The longer the round trip, the more messages come in gaps.',
      ],
      age: [
        'Requests and bytes are right, but the age is wrong.',
        'Look at the share of the messages that come in the gap, and at how long these wait.',
        'The age is the travel time, plus the wait of those messages that came in a gap: gap / cycle of all messages, half a gap each.',
      ],
    },
    'a-quiet-stream': {
      title: 'Counts the heartbeats of a stream without messages',
      silent: [
        'In your model, a quiet stream costs nothing.',
        'Look at what a server writes if there is no message, and how often.',
        'A few bytes every fifteen seconds show that the connection is alive. These bytes cost little for one client, but not for ten thousand.',
      ],
      asks: [
        'Your stream keeps sending requests.',
        'Look at when a stream sends its only request.',
        'A stream is opened once. Compared with the hours that it lasts, this request costs almost nothing.',
      ],
      other: [
        'Your number is not the size of a heartbeat divided by its interval.',
        'Look at the size of a heartbeat, and at the time between two of them.',
        'Without messages, a stream sends heartbeats and nothing else.',
      ],
    },
    streams: {
      title: 'Predicts the measured cost of SSE and WebSocket',
      'payload-alone': [
        'Your model counts the messages without the bytes around them.',
        'Look at the bytes that tell the client where a message ends.',
        'A frame has a head, and an event has fields. That is a few bytes for each message instead of some hundred.',
      ],
      age: [
        'The bytes are right, but the age is wrong.',
        'Look at what a message waits for on an open connection.',
        'On an open connection a message does not wait. Only its travel time is left: half of the round trip.',
      ],
      other: [
        'Your numbers differ from the bytes that were counted on an open connection.',
        'Look at one message. Which bytes cross the wire for it, and which bytes cross it without any message?',
        'A stream costs bytes for each message and for each heartbeat, and nothing else.',
      ],
    },
    'the-choice': {
      title: 'Chooses the cheapest transport that is fresh enough, polling included',
      freshest: [
        'Your function chose a transport that is fresher than necessary, and more expensive.',
        'Look at the order of two questions: which transports are fresh enough, and which of those is cheapest?',
        'If an age is acceptable, a smaller age is no advantage.',
      ],
      stale: [
        'Your function chose a transport whose messages are too old.',
        'Look at what you require of the age before you compare bytes.',
        'The acceptable age is a condition. A transport that does not meet it is excluded, however cheap it is.',
      ],
      none: [
        'No transport can be that fresh, and your function still chose one.',
        'Look at what your function returns if no transport is left.',
        'Every age contains the travel time of the message. If no transport can meet the condition, the function has to say so.',
      ],
      undefined: [
        'No transport can be that fresh, and your function returned undefined.',
        'Look at what the first element of an empty list is.',
        'The function promises null if there is no transport. Code that compares the result with null does not find undefined.',
      ],
      'just-acceptable': [
        'A transport has exactly the acceptable age, and your function excluded it.',
        'Look at how you compare the two ages.',
        'A limit is the largest value that is allowed. A message of this age is acceptable.',
      ],
      heartbeats: [
        'Your function chose a stream, and its heartbeats cost more than polls that are held for an hour.',
        'Look at the bytes of all four transports if there are hardly any messages.',
        'A stream costs something even if nothing happens. Whether this is little depends on the other transports.',
      ],
      favourite: [
        'The WebSocket is the most expensive stream in this case, and your function chose it.',
        'Look at which sizes you use for which transport.',
        'The choice follows from measured sizes. If they change, the result changes too.',
      ],
      other: [
        'Your function did not choose the cheapest transport that is fresh enough.',
        'Look at the bytes per second of all four transports, calculated with your own functions.',
        'First exclude every transport that does not meet the condition. Then take the cheapest of the rest.',
      ],
    },
  },
} satisfies Words
