/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

const STOPPED: Hint = [
  'One subscriber failed, and another subscriber did not receive the change.',
  'Look at the loop that calls the subscribers. What happens to the rest of the loop if one of them throws?',
  'Subscribers do not know each other. The bus has to protect each of them from the errors of the others.',
]

const ROUTE_FAILS: Hint = [
  'One subscriber failed, and the client that had created the task got an error.',
  'Look at publish. Can an error of a subscriber reach the route?',
  'The task exists, so the route has succeeded. After a 500 the client tries again, and there are two tasks.',
]

const FORGOTTEN: Hint = [
  'Mail failed once, and the bus does not count it any more.',
  'Look at what you do with a subscriber that fails.',
  'A failure does not end a subscription. The next mail may succeed, so the subscriber has to be called again.',
]

const STAYS: Hint = [
  'A watcher is gone, and the bus still counts its subscription.',
  'Look at what subscribe returns, and at the code that should call it when a connection closes.',
  'The bus knows functions, not connections. The code that subscribes also has to end the subscription, however the connection ends.',
]

export const words = {
  tasks: {
    subscribers: {
      title: 'Lets every watcher subscribe to the bus',
      'not-counted': [
        'Somebody watches a board, and the bus does not count the right number of subscribers.',
        'Look at the code for a new watcher. Does it subscribe to the bus? And does size count the handlers that subscribe keeps?',
        'The bus is the only part that the routes and the watchers both know. If there is a separate list, every route has to know this list too.',
      ],
      mail: [
        'Mail is sent for every board, but nobody has subscribed to the topic of all boards.',
        'Look for code that still calls mail directly, without the bus.',
        'For the bus, mail is a subscriber like any other. If a route calls it directly, the route has to wait for it and catch its errors.',
      ],
      'mail-again': [
        'Mail has subscribed to the topic of all boards more than once.',
        'Look at how often your code subscribes mail: once, or for each watcher or request?',
        'Each subscription is called for each change. With two subscriptions, people get every mail twice.',
      ],
    },
    'every-route': {
      title: 'Sends the changes of both routes to every watcher',
      forgotten: [
        'A board changed, and one of its watchers did not receive the change.',
        'Look at both routes: does each of them publish? Look at the subscribers too: does each pass on the change that it gets?',
        'If a route keeps its own list of watchers, the next route needs another list. Sooner or later one list is incomplete.',
      ],
      other: [
        'A board changed, and a watcher received a different message.',
        'Look at the change that each route publishes: its type and the task.',
        'All transports send the same message. The route decides its content once.',
      ],
      count: [
        'A held request got its response, and the bus counts the wrong number of subscribers.',
        'Look at the function that ends a subscription. What does it do if it is called twice: after the response, and when the connection closes?',
        'The function that subscribe returns ends only this subscription. A second call must do nothing.',
      ],
      repeated: [
        'A board changed once, and a watcher received the change more than once.',
        'Look for code that still calls the watchers directly, besides the bus.',
        'There should be one path from the route to a watcher. A second path is old code that was not removed.',
      ],
      response: [
        'A route did not respond to its client as it did when you began.',
        'Look at the status of each response: 201 for a new task with an id of its own, 200 for a task that is done, and 404 if there is no such task.',
        'A change is published in addition. The client that caused it still needs its own response.',
      ],
    },
    'any-board': {
      title: 'Works for every board, with any name, watched or not',
      nobody: [
        'Nobody watches a board, and it does not work like the other boards.',
        'Look at size and publish. What do they find for a topic that has no handlers?',
        'Most boards have no watcher most of the time. Then the size is 0, and publish has nobody to call. This is not an error.',
      ],
      name: [
        'A board has a name that JavaScript or Node uses too, and it does not work like the other boards.',
        'Look at the place where you keep the handlers of a topic. What does it contain before anybody has subscribed?',
        'Every plain object has a constructor and a __proto__, and an EventEmitter treats the name error differently. A Map contains only what you put in.',
      ],
    },
    'boards-apart': {
      title: 'Sends no change to watchers of another board',
      'another-board': [
        'One board changed, and a watcher of another board received the change.',
        'Look at how publish selects the handlers. Does it use the topic that it got?',
        'A topic connects publishers and subscribers. If publish calls every handler, each handler has to filter, and one of them will forget it.',
      ],
      missing: [
        'A board changed, and a watcher of it did not receive the change.',
        'Look at the topics. Is the topic of publish the same as the topic of subscribe?',
        'Two topics that differ by one letter are two topics, and no error reports it.',
      ],
    },
    'all-boards': {
      title: 'Calls the subscribers of all boards for every change',
      every: [
        'A board changed, and a subscriber to the topic of all boards did not get exactly this change.',
        'Look at the handlers that publish calls. Which of them belong to the topic that it got, and which to EVERY?',
        'A subscriber to all boards does not know their names. The bus has to call it for each of them.',
      ],
      stays: STAYS,
    },
    'one-throws': {
      title: 'Calls all other subscribers if one throws',
      stopped: STOPPED,
      'route-fails': ROUTE_FAILS,
      'route-waits': ROUTE_FAILS,
      forgotten: FORGOTTEN,
    },
    'one-rejects': {
      title: 'Continues if a subscriber’s promise rejects',
      stopped: STOPPED,
      'route-fails': ROUTE_FAILS,
      'route-waits': ROUTE_FAILS,
      forgotten: FORGOTTEN,
      crash: [
        'A subscriber returned a promise that rejected, and the process ended. Every client lost its connection.',
        'Look at what you do with the value that a subscriber returns. An error that happens later is visible only in this value.',
        'An asynchronous function reports its error through its promise. try and catch without await do not see it, and an unhandled rejection ends the process.',
      ],
    },
    'one-is-slow': {
      title: 'Does not wait for any subscriber',
      stopped: [
        'One subscriber is not finished, and another one has not received the change yet.',
        'Look for an await in the loop that calls the subscribers.',
        'If the loop waits for each subscriber, the slowest one delays all the others. One that never finishes stops them for ever.',
      ],
      'route-waits': [
        'One subscriber is not finished, and the client that had created the task is still waiting.',
        'Look at what publish returns, and at what the route does with it.',
        'The client wants to know that the task exists. It does not need to wait until every subscriber has received the change.',
      ],
      'route-fails': ROUTE_FAILS,
      forgotten: FORGOTTEN,
    },
    'another-throws': {
      title: 'Protects the subscribers from each other, and not only from mail',
      stopped: STOPPED,
      'route-fails': ROUTE_FAILS,
      'route-waits': ROUTE_FAILS,
    },
    'while-publishing': {
      title: 'Calls every subscriber, even if some leave during the calls',
      skipped: [
        'Some subscribers left while a change was published, and one that stayed did not receive it.',
        'Look at the collection that you loop over. How does it change when a subscriber leaves?',
        'A called subscriber can do anything, even leave. If a list changes during a loop, the loop can skip an entry.',
      ],
      repeated: [
        'Some subscribers left while a change was published, and one received it more than once.',
        'Look at the collection that you loop over. How does it change when a subscriber leaves?',
        'A change goes to everybody who had subscribed at the moment of publishing, once each.',
      ],
      'still-there': [
        'Held requests got their response, and the bus still counts some of them as subscribers.',
        'Look at when a held request ends its subscription, and at which entry is removed.',
        'A held request waits for one change, so it ends its subscription while the bus is calling it.',
      ],
    },
    'ends-twice': {
      title: 'Ends a subscription only once, even if stop is called twice',
      another: [
        'A subscription was ended twice, and the second time removed a handler that had subscribed in between.',
        'Look at the function that subscribe returns. What does a second call remove?',
        'Between the two calls, other handlers can subscribe to the same topic. The second call may not touch them, and not the collection that holds them now.',
      ],
      crash: [
        'A subscription was ended twice, and the second time ended the process.',
        'Look at the function that subscribe returns. What does it find if the handler, or the whole topic, is already gone?',
        'A held request ends its subscription when it gets its response, and again when its connection closes. The second call must do nothing.',
      ],
    },
    'who-left': {
      title: 'Forgets watchers that have left, and no others',
      stays: STAYS,
      'others-too': [
        'One of two watchers left, and the other one did not receive the next change.',
        'Look at what is removed when a subscription ends: one handler, or more?',
        'The function that subscribe returns belongs to one subscription only.',
      ],
      crash: [
        'A WebSocket sent bytes that are not a frame, and the process ended.',
        'Look at the events of a socket that your code listens to. It listened to error when you began.',
        'A socket reports a broken frame with the event error. In Node, an event error without a listener ends the process.',
      ],
    },
  },
} satisfies Words
