/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'
import type { Hint } from '../kit/finding.ts'

const ANSWER_THREW: Hint = [
  'Your function threw an error for a frame that any client can send.',
  'Look at what you do with the payload. It can have any length from 0 to 125.',
  'A server must survive everything that a client sends. The bytes of one connection must not end the others.',
]

const NOT_THERE: Hint = [
  'All bytes of the frame had arrived, and your function returned null.',
  'Look at how you calculate the number of expected bytes from the second byte.',
  'The head says how long the frame is. If you read the length wrongly, you wait for bytes that will never come.',
]

const LENGTH: Hint = [
  'The frame was read, but the number of bytes that it used is wrong.',
  'Look at the parts that you add up: the head, the extended length if there is one, the mask if there is one, the payload.',
  'There is nothing between two frames. If you are off by one byte, you take a character for a head, and every later frame is wrong.',
]

const READ_THREW: Hint = [
  'Your function threw an error for a complete frame.',
  'Look at the positions that you read from. Do they lie inside the bytes?',
  'A server reads bytes from strangers. Before it reads a byte, it has to check that the byte exists.',
]

export const words = {
  frames: {
    accept: {
      title: 'Calculates the right Sec-WebSocket-Accept for a key',
      'no-guid': [
        'Your function hashed the key alone.',
        'Look at the constant at the top of the file. Where do you use it?',
        'Other programs, a cache for instance, could return a hash of the key by chance. The fixed text shows that the server knows the WebSocket protocol.',
      ],
      hex: [
        'The hash is right, but it is written in hexadecimal.',
        'Look at the format in which you take the digest.',
        'A hash is bytes, and an HTTP header is text. Both sides have to agree on how the bytes are written; here it is base64.',
      ],
      decoded: [
        'Your function decoded the key into bytes before it hashed it.',
        'Look at what you do to the key first. The key has to be used unchanged.',
        'The key looks like base64, but the server treats it as plain text and hashes it letter by letter.',
      ],
      order: [
        'Your function put the fixed text before the key.',
        'Look at the order of the two parts.',
        'If you hash the same bytes in another order, you get a different hash.',
      ],
      other: [
        'Your value is wrong: a browser would expect another one, and close the connection.',
        'Look at the three steps: which text you build, which hash you use, and how you write the result.',
        'The handshake proves that the server has read this request. A cached response, or a server that does not know WebSockets, cannot contain the right value.',
      ],
    },
    'a-frame': {
      title: 'Reads a short frame: FIN, opcode, payload and length',
      'not-there': NOT_THERE,
      threw: READ_THREW,
      fin: [
        'The payload is right, but FIN is not the value in the first byte.',
        'Look at the highest bit of the first byte.',
        'A message can come in several frames. FIN marks the last frame of a message.',
      ],
      opcode: [
        'The opcode is not the one that was sent.',
        'Look at which bits of the first byte you use. The upper four bits do not belong to the opcode.',
        'One byte contains several values. Use a bit mask to take one value out before you compare it.',
      ],
      payload: [
        'Your function read a different payload than the one that was sent.',
        'Look at where the payload begins and where it ends. This frame has no mask.',
        'The payload comes directly after the head, and it is exactly as long as the head says.',
      ],
      length: LENGTH,
    },
    'a-mask': {
      title: 'Removes the mask from a client’s frame',
      'not-there': [
        'All bytes of a masked frame had arrived, and your function returned null.',
        'Look at the second byte. Its highest bit does not belong to the length.',
        'The bit for "masked" is in the same byte as the length. If you keep that bit, every length becomes 128 too long.',
      ],
      threw: READ_THREW,
      masked: [
        'Your function returned a payload that is still masked.',
        'Look at the four bytes before the payload. Each byte of the payload was combined with one of them.',
        'If you combine a byte twice with the same value by exclusive or, you get the byte back. So you remove a mask in the same way as a client applies it.',
      ],
      'first-four': [
        'The first four bytes are right, and the following ones are not.',
        'Look at which byte of the mask belongs to the fifth byte of the payload.',
        'The mask has four bytes, and the payload can have more. After every four bytes, the mask starts again.',
      ],
      'mask-in-payload': [
        'The payload that you returned begins with the mask.',
        'Look at where the payload begins if the frame has a mask.',
        'The mask is the last part of the head. Every part of the head moves the beginning of the payload.',
      ],
      payload: [
        'Your function read a frame that differs from the one that was sent.',
        'Look at where the mask stands, and at how each byte is combined with it.',
        'Byte number i of the payload belongs to byte number i modulo 4 of the mask (section 5.3).',
      ],
      length: LENGTH,
    },
    'from-126-on': {
      title: 'Reads lengths from 126 to 65,535',
      'taken-literally': [
        'Your function used 126 as the length of the payload.',
        'Look at the seven bits of the length. Two of their values do not mean a length.',
        'Seven bits can hold values up to 127. The values 126 and 127 are reserved: they say that the real length follows, and how many bytes it has.',
      ],
      'not-there': [
        'All bytes of the frame had arrived, and your function returned null.',
        'Look at the two length bytes after the head. Which of them is the more significant one?',
        'Network protocols send the most significant byte first (big-endian). In the other order, 300 becomes 11,265.',
      ],
      moved: [
        'The length is right, but the payload that you returned begins at the wrong byte.',
        'Look at where mask and payload are if the length takes two more bytes.',
        'Every part of the head moves the parts after it.',
      ],
      threw: READ_THREW,
      length: LENGTH,
    },
    'from-65536-on': {
      title: 'Reads lengths of 65,536 and more',
      'taken-literally': [
        'Your function used 127 as the length of the payload.',
        'Look at the seven bits of the length. Two of their values do not mean a length.',
        'Seven bits can hold values up to 127. The values 126 and 127 are reserved: they say that the real length follows, and how many bytes it has.',
      ],
      'part-of-it': [
        'Your function found no payload, or a short one, in a frame of more than 65,535 bytes.',
        'Look at how many bytes of the length you read. 126 and 127 mean different things.',
        'After 126, the length has two bytes; after 127, it has eight. In practice the first of these eight bytes are 0.',
      ],
      'not-there': NOT_THERE,
      moved: [
        'The length is right, but the payload that you returned begins at the wrong byte.',
        'Look at where mask and payload are if the length takes eight more bytes.',
        'Every part of the head moves the parts after it.',
      ],
      threw: [
        'Your function threw an error for a long frame.',
        'Look at the type of a length of eight bytes, and at what you combine it with.',
        'Eight bytes can hold larger integers than a JavaScript number can represent exactly, so Node returns a BigInt. Convert it to a number before you calculate with it.',
      ],
      length: LENGTH,
    },
    'in-pieces': {
      title: 'Returns null until the last byte of a frame has arrived',
      'too-early': [
        'The frame was not complete, and your function returned one.',
        'Look at what you compare with the number of bytes that have arrived.',
        'TCP carries bytes and knows no frames, so one read can bring half a frame. Keep an incomplete frame until more bytes come.',
      ],
      threw: [
        'The frame was not complete, and your function read beyond its end.',
        'Look at every position that you read from. Have you checked that these bytes have arrived?',
        'A read can end anywhere, even inside the head. Check before each step whether its bytes have arrived.',
      ],
      'low-half': [
        'The frame was not complete, and your function returned one, because it used only a part of the length.',
        'Look at how many bytes of the length you read after 127.',
        'After 127, the length has eight bytes. A frame that is longer than four gigabytes needs the upper half of them.',
      ],
    },
    'two-in-one-read': {
      title: 'Reads one frame of several, and returns where the next one begins',
      swallowed: [
        'Two frames came in one read, and the payload of the first one contains the second.',
        'Look at where the payload ends.',
        'TCP carries bytes and knows no frames, so one read can bring two frames. Only the length in the head says where a frame ends.',
      ],
      where: [
        'Two frames came in one read. The first was read, but the second does not begin where your function says.',
        'Look at the length that you return. Is it the length of the frame, or of all bytes that had arrived?',
        'The caller continues reading after the length that you return. No byte may be skipped, and none may be read twice.',
      ],
    },
    'leaves-its-bytes': {
      title: 'Does not change the bytes that it reads',
      'in-place': [
        'Your function read a frame, and changed the bytes that it was given.',
        'Look at where you store a byte after you removed its mask. Whose memory is it?',
        'A slice of a Buffer is not a copy: it uses the same memory. If the caller passes these bytes again, removing the mask twice puts it back on.',
      ],
      'half-in-place': [
        'The frame was not complete, and your function changed the bytes that it was given.',
        'Look at what you do before you know that all bytes have arrived, and at whose memory you write to.',
        'The caller keeps an incomplete frame and passes it again later. If the first half is unmasked already, your function would mask it again.',
      ],
    },
    ping: {
      title: 'Responds to a ping with a pong of the same payload',
      nothing: [
        'A ping came, and your function returned no frame.',
        'Look at what your function does for this opcode.',
        'A ping asks whether the other side is alive. If no pong comes, the connection is closed.',
      ],
      'another-payload': [
        'Your pong does not contain the payload of the ping.',
        'Look at what you write after the two bytes of the head.',
        'A pong repeats the payload (section 5.5.3). So the sender knows to which of its pings the pong belongs.',
      ],
      'as-text': [
        'Your pong contains other bytes than the ping, because the payload was made a text and bytes again.',
        'Look at what you do with the payload on its way. Is it ever a text?',
        'A payload is bytes. Not all bytes are UTF-8, and a text has no place for the others.',
      ],
      masked: [
        'Your pong is masked, although a server sends it.',
        'Look at the highest bit of the second byte.',
        'Clients mask their frames and servers do not. A client that receives a masked frame has to close the connection (section 5.1).',
      ],
      'no-pong': [
        'Your response to a ping is not a pong.',
        'Look at the first byte. It holds FIN and the opcode.',
        'A pong is a complete message, so FIN is set. The opcode says what kind of frame it is.',
      ],
      threw: ANSWER_THREW,
    },
    close: {
      title: 'Responds to a close with a close',
      nothing: [
        'The client sent a close, and your function returned no frame.',
        'Look at what your function does for this opcode.',
        'Each side says that it will send no more. Without your close frame, the client waits, and then reports an abnormal end (1006).',
      ],
      'another-code': [
        'The payload of your close frame is not a status that may be sent.',
        'Look at the first two bytes of the payload that you send, and at their order.',
        'The payload of a close frame is empty, or it begins with a status of two bytes (section 7.4). 1005 and 1006 are never sent: a browser reports them if no status came, or no close.',
      ],
      masked: [
        'Your close frame is masked, although a server sends it.',
        'Look at the highest bit of the second byte.',
        'Clients mask their frames and servers do not. A client that receives a masked frame has to close the connection (section 5.1).',
      ],
      'no-close': [
        'Your response to a close is not a close frame.',
        'Look at the first byte. It holds FIN and the opcode.',
        'Only a close frame ends a connection properly. Other frames after a close are not read any more.',
      ],
      threw: ANSWER_THREW,
    },
    'nothing-else': {
      title: 'Does not respond to any other frame',
      'answers-a-pong': [
        'A pong came, and your function responded to it.',
        'Look at which opcodes your condition accepts.',
        'A response needs no response. Two programs that respond to each other’s pongs never stop.',
      ],
      'answers-a-message': [
        'A message came, and your function responded to it.',
        'Look at what your function returns at its end.',
        'The application decides what a message means, and whether it needs a response. The protocol itself only responds to pings and closes.',
      ],
      threw: ANSWER_THREW,
    },
  },
} satisfies Words
