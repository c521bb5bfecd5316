/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const STREAM: Hint = [
  'The server did not respond with a stream.',
  'Look at the route for the stream that the file had at the beginning. It is not part of the exercise.',
  'The clients of each process are connected to its stream. You only build the exchange between the processes.',
]

export const DEAF: Hint = [
  'Messages were published, and a client received none of them.',
  'Look at the loop that reads. Does it still run, and which of the entries does it deliver?',
  'Every process reads every entry of the stream, for as long as the process runs.',
]

export const words = {
  server: {
    'the-split-room': {
      title: 'Brings messages from either process to the clients of both, once',
      alone: [
        'Each process sends messages only to its own clients.',
        'Look at the path of a message from one process to the other. Which code reads what was written to Redis?',
        'Two processes share no memory. Data for both has to pass through something that both can reach.',
      ],
      doubled: [
        'A client received a message twice.',
        'Look at how many paths there are from a publish to a client of the same process.',
        'Use one path for every client: each message goes to Redis, and comes back from Redis. This also gives all clients the same order.',
      ],
      'shared-out': [
        'Each message reached only one of the two processes.',
        'Look at how you read the stream: as members of one group, or each process for itself?',
        'A consumer group gives each entry to one of its members, as work. Here every process needs every message.',
      ],
      blocked: [
        'A publish had to wait while the process was waiting for new messages.',
        'Look at your connections to Redis. Which of them sends a blocking command, and which other commands use it?',
        'Redis handles the commands of one connection one after the other. A blocking command delays all later ones, so it needs a connection of its own.',
      ],
      refused: [
        'A publish was not accepted.',
        'Look at the output of your program, and at the reply of Redis to your command.',
        'A publish is accepted when Redis has stored it. The response is 201, with the event and its id.',
      ],
      'no-more': [
        'The first messages arrived, and a later one did not.',
        'Look at the loop that reads, and at how you compare two ids, if you do.',
        'An id ends with a number. As texts, "10" comes before "9", so compare the numbers.',
      ],
      other: [
        'The clients of the two processes did not receive the same messages.',
        'Look at the path of one message, from the process where it is published to the clients of the other process.',
        'A room is one room, whichever process its clients are connected to.',
      ],
    },
    'the-whole-message': {
      title: 'Brings a message unchanged, and only to its room',
      changed: [
        'A client received something else than what was published.',
        'Look at what you store in Redis, and at how you make the event from the entry. Are user, text and room still there, with every character?',
        'An entry has to contain everything that a reader needs for the event. JSON keeps every character, if one function makes all of it and one function parses it.',
      ],
      'other-id': [
        'The response to a publish and the event in the stream have different ids.',
        'Look at the two places where you make an id: after the publish, and after the read.',
        'The id is the position of the message for everybody. A client that publishes recognises its own message by it.',
      ],
      'other-room': [
        'A client received a message of another room.',
        'Look at which clients get an event.',
        'All rooms share one stream in Redis. So each process has to sort the events by room, for its own clients.',
      ],
      earlier: [
        'A client received a message that was published before it connected.',
        'Look at what happens to an entry if no client wants it. Does the position move?',
        'The position belongs to the process, and moves with every entry. A client that brings no cursor gets only what is published after it has connected.',
      ],
      doubled: [
        'A client received a message twice.',
        'Look at how many paths there are from Redis to one client, for example if two clients are connected.',
        'One loop reads for all clients of the process. Each entry is read once, and written once to each client of its room.',
      ],
      'no-room': [
        'A client in another room received nothing.',
        'Look at where you keep the room of a client and of an event. Is it one value for all of them?',
        'A process has clients in many rooms at the same time. Each client and each event has a room of its own.',
      ],
    },
    'one-number': {
      title: 'Never gives the same id twice, in any process',
      'same-id': [
        'Two messages of different processes have the same id.',
        'Look at where your numbers come from. Can the other process use the same number?',
        'An id is a position in one list. If each process counts for itself, there are two lists, so keep the counter where both processes can reach it.',
      ],
      falling: [
        'A later message has a smaller id than an earlier one.',
        'Look at where your numbers come from.',
        'A client returns with its last id and expects every message after it. So the ids have to increase.',
      ],
    },
    'one-step': {
      title: 'Counts and stores a message in one step',
      'out-of-order': [
        'Process A took a number, and before it stored its message, process B published. The client received the larger number first.',
        'Look at how many commands one publish sends to Redis, and at what can happen between two of them.',
        'A step that no other command can interrupt is called atomic. Redis runs a script as a whole, so counting and storing in one script is one step.',
      ],
      refused: [
        'Process A took a number, and before it stored its message, process B published. After that, the message of A was refused.',
        'Look at how many commands one publish sends to Redis, and at what can happen between two of them.',
        'A step that no other command can interrupt is called atomic. Redis runs a script as a whole, so counting and storing in one script is one step.',
      ],
    },
    'one-order': {
      title: 'Brings all messages to all clients in the same order',
      'own-first': [
        'A message that was published at A reached the client of A before an earlier message of B.',
        'Look at how a process’s own messages reach its own clients. Do they take another path than the messages of the other process?',
        'Only Redis knows the order. If all messages come back from Redis, the own ones too, every client gets them in this order.',
      ],
      doubled: [
        'A client received a message twice.',
        'Look at how many paths there are from a publish to a client of the same process.',
        'Use one path for every client: each message goes to Redis, and comes back from Redis.',
      ],
      other: [
        'After one of its reads was held for a moment, a process did not deliver all messages.',
        'Look at the loop that reads. What does it remember from one round to the next?',
        'A stream is one list, and each reader has one position in it.',
      ],
    },
    'many-at-once': {
      title: 'Brings every one of many messages, in the order of their ids',
      lost: [
        'Many messages were published, and a client did not receive all of them.',
        'Look at a read that returns several entries, at how you compare ids, and at how many entries the stream keeps.',
        'One read returns all entries that are waiting. Deliver each of them. Compare positions as numbers, because as texts "10" comes before "9".',
      ],
      doubled: [
        'Many messages were published, and a client received one of them twice.',
        'Look at the position that you store after a read that returned several entries.',
        'The reading position has to move with every entry that was delivered.',
      ],
      'out-of-order': [
        'Many messages were published, and a client received a smaller id after a larger one.',
        'Look at the order in which you deliver the entries of one read, and at what makes the ids.',
        'A client reconnects with its last id. A smaller id that comes later would then be lost.',
      ],
    },
    'no-seam': {
      title: 'Loses nothing between two reads',
      'from-now-on': [
        'A message was published after one read had returned and before the next read began. It was lost.',
        'Look at the position from which each of your reads begins.',
        'Between two reads there is always a gap. If the next read starts at the new end of the stream, it skips the gap. Start it after the last entry that you have.',
      ],
      doubled: [
        'A client received a message twice.',
        'Look at the position that you store for the last entry, and at when you store it.',
        'The reading position has to move with every entry that was delivered.',
      ],
      other: [
        'Several messages were published in a row, and the client did not receive all of them in order.',
        'Look at the loop that reads. What does it do with each entry, and what does it remember from one round to the next?',
        'A stream is one list, and each reader has one position in it. One read can return several entries.',
      ],
    },
    'after-a-timeout': {
      title: 'Continues to read after a read that found nothing',
      deaf: [
        'A read ended without an entry because its time was over. After that, the process received nothing.',
        'Look at what your loop does with the response null.',
        'In a quiet hour, every read ends without an entry. The loop has to start the next one.',
      ],
      crash: [
        'A read ended without an entry because its time was over. Then the process ended with an error.',
        'Look at the line of the error. Which value does Redis return if no entry came?',
        'Without an entry, the response is null, which has no list of entries in it.',
      ],
      'from-now-on': [
        'A read ended without an entry. A message that was published before the next read was lost.',
        'Look at the position of the next read if the last one found nothing.',
        'A read without an entry does not move the position. Start the next read at the same position as before.',
      ],
      doubled: [
        'A read ended without an entry. After that, a message came twice.',
        'Look at the position of the next read if the last one found nothing.',
        'A read without an entry does not move the position. Start the next read at the same position as before.',
      ],
    },
    'while-disconnected': {
      title: 'Loses nothing while a process has no connection to Redis',
      lost: [
        'Process B lost its connection to Redis for a moment. A message that was published during that time never reached the clients of B.',
        'Look at what Redis does with a message for a subscriber that is away.',
        'Pub/sub sends a message to present subscribers and forgets it. A stream keeps it: a process that was away reads on after its last entry.',
      ],
      doubled: [
        'After the connection was back, a message came twice.',
        'Look at the position from which you continue to read.',
        'Continue after the last entry that was delivered. Earlier positions repeat messages.',
      ],
      deaf: [
        'Process B lost its connection to Redis for a moment, and has received nothing since.',
        'Look at what your loop does if a command fails. Does it continue?',
        'The Redis client reconnects by itself. Your loop has to start reading again too.',
      ],
    },
    'before-the-first': {
      title: 'Loses nothing even if a process has received no message yet',
      'until-it-has-one': [
        'Before its first message, a process lost its connection to Redis for a moment. It missed a message that was published during that time.',
        'Look at the position from which you read until the first entry comes. Is it the same position for every read?',
        'A reader has a position from the start: the end of the stream at that moment. "From now on" means a new position at every read, and a read is repeated after a timeout or a broken connection.',
      ],
      doubled: [
        'A new process lost its connection for a moment. After that, a message came twice.',
        'Look at the position from which you continue to read.',
        'The reading position has to move with every delivered entry, the first one too.',
      ],
      deaf: [
        'A new process lost its connection for a moment, and has received nothing since.',
        'Look at what your loop does if a command fails, even the very first one.',
        'The Redis client reconnects by itself. Your loop has to start reading again too.',
      ],
    },
    'where-it-begins': {
      title: 'Begins at the end of the stream as it was at the start of the process',
      repeats: [
        'A client of a new process received a message from before the start of the process, or received a message twice.',
        'Look at the position from which the first read begins.',
        'The clients of a new process have just connected, and expect new messages. Begin at the end of the stream, not at its first entry.',
      ],
      'too-early': [
        'A new process accepted a client before it knew its position in the stream. A message that was published then was lost.',
        'Look at the order of two steps: your program asks for its position, and it begins to listen.',
        'Redis needs time to respond. A client that connects earlier expects every later message, so find out the position before the first client can come.',
      ],
      'from-now-on': [
        'A new process had a client and had not started its first read. A message that was published then was lost.',
        'Look at the position from which the first read begins. When is this position decided?',
        '"From now on" is decided when the read arrives at Redis. The position has to be known before the server accepts clients.',
      ],
      deaf: [
        'Redis replied to a new process a little later than usual, and the process never received a message.',
        'Look at what happens in your program before the first read, and at what it waits for.',
        'A reader needs its position and then a loop. Nothing in between should end it.',
      ],
    },
    'waits-at-redis': {
      title: 'Waits for new entries, and does not ask again and again',
      busy: [
        'Nothing was published, and the process sent one command after the other to Redis.',
        'Look at how long a read waits for an entry. Which unit does the time of BLOCK have?',
        'A read with BLOCK waits in Redis until an entry comes, but no longer than the given number of milliseconds. Without waiting, each process keeps Redis busy even if nobody writes.',
      ],
    },
    'all-names': {
      title: 'Gives its script all names that it uses',
      'not-given': [
        'The script used a name that it did not get.',
        'Look at the names between the script and its arguments, and at their number.',
        'If there are several Redis machines, Redis chooses the machine by these names, before the script runs. A name that only the script knows can be on another machine.',
      ],
    },
    'from-nothing': {
      title: 'Delivers the very first message of an empty Redis',
      'skips-the-first': [
        'Redis was empty when a process started, and the very first message did not reach its client.',
        'Look at the position from which you read if nothing was counted yet.',
        'A reader gets the entries after its position. The first entry comes after 0, and not after itself.',
      ],
      doubled: [
        'Redis was empty when a process started, and a message came twice.',
        'Look at the position from which you continue to read.',
        'The reading position has to move with every delivered entry, the first one too.',
      ],
      deaf: [
        'Redis was empty when a process started, and the process never delivered a message.',
        'Look at what `redis.get` returns if nothing was counted yet, and at what your program does with it.',
        'The counter does not exist before the first message. Your program has to work without it, too.',
      ],
    },
  },
} satisfies Words
