/** The words of this lesson: the title of each check, and its hints. */
import { A_PROMISE } from '../kit/hints.ts'
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const TO_DO: Hint = [
  'Your function did not return a number.',
  'Look at what the function returns. Is there still a TODO above that line?',
  'A model is a rule that gives a number for every case, before anybody has measured that case.',
]

export const words = {
  model: {
    'half-the-interval': {
      title: 'Lets a message wait for half an interval on average',
      'a-promise': A_PROMISE,
      'whole-interval': [
        'In your model, every message waits for the whole interval.',
        'Only a message that comes just after a request waits that long. Look at a message that comes just before the next request: how long does it wait?',
        'Messages do not know when the client asks. They come at any moment between two requests, so their waits are spread evenly from zero to the interval.',
      ],
      unit: [
        'Your number is a thousand times too small or too large.',
        'Look at the units: the interval is given in milliseconds, and the age is expected in milliseconds too.',
        'A number without its unit is the most frequent mistake in measurements.',
      ],
      other: [
        'Your number is not the average time that a message waits.',
        'Look at the shortest possible wait, at the longest one, and at the waits between them.',
        'If values are spread evenly, their mean lies in the middle between the smallest and the largest.',
      ],
    },
    'the-way-down': {
      title: 'Adds the time that a response travels, which is half of the round trip',
      'no-way': [
        'In your model, a message takes no time from the server to the client.',
        'Look at the round trip: your result is the same with it and without it.',
        'The age of a message is measured when it arrives, not when it is sent. Every message has to travel, however often the client asks.',
      ],
      'whole-round-trip': [
        'You added the whole round trip.',
        'Look at the two halves of the round trip. In which half does the message travel, and where is the message during the other half?',
        'While the request travels to the server, the message is still waiting, and your model has counted that wait already. Only the time of the response is missing.',
      ],
      'lost-way': [
        'Your result contains less than the full travel time of the response.',
        'Look at what you subtract from the interval. The interval goes from one request to the next, and does not depend on the responses.',
        'Every request takes the same time to reach the server, so the requests arrive one interval apart. The wait depends on nothing else.',
      ],
      other: [
        'Your result contains the round trip, but not in the right way.',
        'Look at one message from its beginning: it waits, a request fetches it, it travels. How long does each step take?',
        'An age is a sum of steps, one after the other. Draw the time line of one message and add up its parts.',
      ],
    },
    'one-client': {
      title: 'Counts the requests of one client in a minute',
      'a-promise': A_PROMISE,
      'per-second': [
        'Your number is the number of requests in one second.',
        'Look at the name of the function: for how long does it have to count the requests?',
        'A rate always belongs to a length of time. Sixty a minute and one a second are the same rate, but different numbers.',
      ],
      unit: [
        'Your number is a thousand times too small or too large.',
        'Look at the units: the interval is given in milliseconds. How many milliseconds are in a minute?',
        'Two numbers have to be in the same unit before one is divided by the other.',
      ],
      other: [
        'One client does not send that number of requests.',
        'Look at how many intervals fit into one minute.',
        'If the interval is halved, the requests double: divide the minute by the interval.',
      ],
    },
    'many-clients': {
      title: 'Counts the requests of all clients together',
      'one-for-all': [
        'In your model, thirty clients send as many requests as one client.',
        'Look at whether the number of clients appears in the result at all.',
        'Clients do not know of each other. Each client sends its own requests, and each gets its own responses.',
      ],
      limited: [
        'Your result is right for thirty clients and too small for ten thousand.',
        'Look for a limit in your function: a largest number of clients, or a smallest interval.',
        'A model describes what the clients send. Whether a server can carry that load is another question.',
      ],
      nobody: [
        'In your model, a server without clients gets requests.',
        'Look at what your function does with 0 clients. Does it replace 0 by another number?',
        'In JavaScript 0 counts as false, so `||` replaces it. A rule for all numbers of clients includes 0.',
      ],
      other: [
        'The clients together do not send that number of requests.',
        'Look at the requests of one client in a minute, which your function can calculate already. What do all clients send?',
        'Twice as many clients send twice as many requests: multiply the requests of one client by the number of clients.',
      ],
    },
    'an-odd-interval': {
      title: 'Is right for an interval that does not divide a minute evenly',
      rounded: [
        'Your result is right for the earlier intervals. For this one it is off by less than one request for each client, as it is after rounding.',
        'Look at where you round: before you multiply by the number of clients, or after it?',
        'If you round for one client, the rounding error is multiplied by the number of clients. Calculate first, and round at the end if at all.',
      ],
      other: [
        'Your result was right for intervals that divide a minute evenly. For this interval it is wrong.',
        'Look for a case that your code treats separately.',
        'A model is one rule for all cases. If it needs a second rule, the first one is not right yet.',
      ],
    },
  },
} satisfies Words
