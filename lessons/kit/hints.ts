/** Hints for mistakes that any program can make, whatever the lesson. */
import type { Hint } from './finding.ts'

export const NO_ANSWER: Hint = [
  'Your server received the request and never responded.',
  'Look for a path through your handler that neither returns nor sends anything, for example an await on a promise that never resolves.',
  'Every request needs an end. A client cannot tell a slow response from one that never comes.',
]

export const NOT_ENDED: Hint = [
  'Your server began the response, and the client is still waiting for its end.',
  'Look at what your handler does after it has written the head. Does every path end the response?',
  'A response has an end: its declared length, its last chunk, or the end of the connection. Until then, the client waits for more.',
]

export const CUT: Hint = [
  'The connection was closed in the middle of the response.',
  'Look at what ends the connection or the process: destroy, an error after the head was sent, process.exit.',
  'A response ends when its length is reached or its last chunk has arrived. If the connection closes earlier, the client gets an error.',
]

export const REFUSED: Hint = [
  'Your server refused a request that has no fault.',
  'Look at the status, and at the code that chooses it. Which mistake of the client does it report?',
  'A status from 400 to 499 means that the client made a mistake, and that the same request will fail again.',
]

export const TO_DO: Hint = [
  'This part of the file is still as it was at the beginning.',
  'Look for the word TODO in the file.',
  'The lesson explains what you have to build. The comments in the file mark the places for it.',
]

export const NO_ROUTE: Hint = [
  'Your server knows no route for this address.',
  'Look at the path that you register, letter by letter, and at serve. Does it run to its end?',
  'A route is a method and a path. If no route matches, Fastify responds with 404 before any handler runs.',
]

export const SERVER_ERROR: Hint = [
  'Your server reported an error of its own.',
  'Look at what your handler does for this request, and at the output of the program.',
  'A status from 500 to 599 means that the server made a mistake. A status from 400 to 499 means that the client made one.',
]

export const A_PROMISE: Hint = [
  'The caller of the function gets a promise instead of the result.',
  'Look at the word before function. Does the function have anything to wait for?',
  'Nobody can calculate with a promise. An asynchronous function is for results that come later; a calculation has its result at once.',
]

/** Hint for a model, whose functions the checks call. */
export const THREW: Hint = [
  'The function could not be called, or it threw an error.',
  'Look at the error above this hint. Is a function of this name exported, and what does it do with these numbers?',
  'A model has to return a result for every case that it is made for. This is such a case.',
]

export const NO_EVENTS: Hint = [
  'The response does not have the shape that a polling client can read.',
  'Look at what your handler returns. It has to be one object with events, cursor, gap and more.',
  'Short and long polling use the same response, so that a client can change between them and keep its cursor.',
]

export const NO_HANDSHAKE: Hint = [
  'The client asked for a WebSocket, and the connection was not upgraded.',
  'Look at the address that you register, and at what your server does with a request for an upgrade.',
  'A WebSocket begins as a GET request. Until the 101 it is HTTP, with routes and errors.',
]

/** Hints by the way in which a program ended or failed. */
export const TROUBLE = {
  'no file': [
    'The file that the kit wants to check does not exist.',
    'Look at the name and the folder of the file. If the folder is missing, npm run lesson creates it.',
    'The kit runs the file with exactly this name, and no other.',
  ],
  syntax: [
    'The file is not valid TypeScript, so none of it ran.',
    'Look at the named line and the one above it. A bracket, quote or comma is often missing there.',
    'Node reads the whole file before it runs the first line. One wrong character stops everything.',
  ],
  'not erasable': [
    'The file is TypeScript, but it uses a feature that Node cannot run.',
    'Look at the named line for an enum, a namespace, a decorator, or a constructor whose parameters are private, public or readonly. Each of them can be written without this feature: declare the field in the class and assign it in the constructor, or use a plain object instead of an enum.',
    'Node only removes the types, and runs the rest as it stands. These features are more than types: a compiler would have to write code for them, and here there is no compiler.',
  ],
  'no such name': [
    'The file imports a name that the other file does not export.',
    'Look at the spelling of the name. If it is the name of a type, is it imported with import type?',
    'Node removes types before the program runs. So a type cannot be imported like a value, and Node does not know which names are types.',
  ],
  import: [
    'The file threw an error while it was being imported.',
    'Look at the named line, and at everything that the top level of the file imports or calls.',
    'Code outside all functions runs once, when the file is imported, before any request.',
  ],
  'no export': [
    'The file ran, but it does not export what the sandbox needs.',
    'Look at the line that begins with export. It needs the name that it had at the beginning.',
    'The sandbox finds your code by its exported name; a transport also needs its method serve.',
  ],
  'port in use': [
    'The program tried to listen on a port that another program uses.',
    'Look at the call of listen. The environment variable PORT contains the port to use.',
    'Only one process can listen on a port. A program that takes its port from outside can run beside others.',
  ],
  exit: [
    'The program ended its own process, and every client lost its connection.',
    'Look at the named line. A handler should respond and return, whatever happens.',
    'A server has to survive its requests. If one of them fails, report it to that client with a status.',
  ],
  crash: [
    'The process ended, and every client lost its connection.',
    'Look at the named line. Nobody catches errors in callbacks and timers unless your code does.',
    'Fastify turns an error in a handler into a response. Code that runs later, such as a timer or a listener, is outside the handler.',
  ],
  'call threw': [
    'A function threw an error while the check called it.',
    'Look at the named line. Which value is undefined there, and when?',
    'Whoever calls a function needs a result from it. An error is only right for a call that the function must not accept.',
  ],
  threw: [
    'The handler threw an error, and the client received status 500.',
    'Look at the named line. Which value is undefined there, and when?',
    'Status 500 means that the server has a bug. Mistakes of a client get a status from 400 to 499.',
  ],
  stuck: [
    'The program blocked its thread for so long that it was ended. No timer and no other request could run.',
    'Look at the loop at the named line. What has to end it, and can that happen while it runs?',
    'One thread serves all clients. To wait, give the thread back with await; never wait in a loop.',
  ],
  blocked: [
    'The program blocked its thread for so long that it was ended. No timer and no other request could run.',
    'Look for a call that waits before it returns: its name often ends in Sync. A regular expression that repeats a repetition can also run for minutes.',
    'One thread serves all clients. To wait, give the thread back with await; never wait inside a call.',
  ],
  flood: [
    'The program sent so much on one connection that the kit ended it.',
    'Look at the named line, or at the loop or timer that writes. What has to happen between two writes?',
    'A server sends what is new, and then waits for the next event. If it sends without waiting, it fills the memory of the client or its own.',
  ],
  output: [
    'The program printed so much that the kit ended it.',
    'Look at the named line, or at the loop or timer that calls console.log or console.error.',
    'Output costs time as well: on many systems, the program waits until its text is written. Print what you need to see, and not in a loop without end.',
  ],
  memory: [
    'The program used more and more memory, until it was ended.',
    'Look at the named line, or at every array, set, map and buffer that grows. What removes its entries?',
    'Memory is given back only for what nothing refers to any more. A list that is never shortened grows until the process ends.',
  ],
  'never ready': [
    'The program was started and did not become ready in time.',
    'Look for an await at the top level that never ends, or a server that does not listen on PORT.',
    'A server is ready as soon as its port accepts connections.',
  ],
  killed: [
    'The process ended without an error message.',
    'Look for code that sends a signal to the process, that aborts it, or that disconnects it from its parent.',
    'If the operating system ends a process, the program cannot report a reason.',
  ],
} satisfies Readonly<Record<string, Hint>>

export const TYPE_ERRORS: Hint = [
  'The program runs, but its types do not fit its code.',
  'Look at the named line. Which value can have another type there than you expect?',
  'Node removes the types without checking them. TypeScript checks them for you, and often finds errors that occur only rarely.',
]
