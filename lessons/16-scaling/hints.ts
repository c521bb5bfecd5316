/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

export const STREAM: Hint = [
  'The server did not respond with a stream.',
  'Look at the route for the stream that the file had at the beginning. It is not part of the exercise.',
  'The clients of each process are connected to its stream. You only build the exchange between the processes.',
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
      other: [
        'The clients of the two processes did not receive the same messages.',
        'Look at the path of one message, from the process where it is published to the clients of the other process.',
        'A room is one room, whichever process its clients are connected to.',
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
        'Three messages were published in a row, and the client did not receive all of them in order.',
        'Look at the loop that reads. What does it remember from one round to the next?',
        'A stream is one list, and each reader has one position in it.',
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
  },
} satisfies Words
