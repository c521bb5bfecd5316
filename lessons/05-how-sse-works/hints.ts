/** The words of this lesson: the title of each check, and its hints. */
import type { Words } from '../kit/exercise.ts'

export const words = {
  'event-stream': {
    'the-content-type': {
      title: 'Declares the response as an event stream',
      'no-type': [
        'The response has no content type, so a browser closes it.',
        'Look at the headers that are sent with the status.',
        'The content type tells a client how to read a response. For this type, it reads the response event by event while it grows.',
      ],
      'other-type': [
        'The response declares another content type, so a browser closes it.',
        'Look at content-type, letter by letter. EventSource accepts exactly one type.',
        'If the type is wrong, an EventSource gives up for good. It does not guess (WHATWG HTML, section 9.2.3).',
      ],
      charset: [
        'The content type begins as it should, but a browser cannot read what follows it.',
        'Look at what separates the type from the charset. Is it a semicolon?',
        'A content type can have parameters, such as charset. A semicolon separates each of them from the type. An event stream needs none: its encoding is always UTF-8.',
      ],
      'other-status': [
        'The status of the response is not 200, so a browser closes it, although the content type may be right.',
        'Look at the number in the first line of the response, and at the code that chooses it.',
        'An EventSource accepts only 200 as the beginning of a stream. With any other status it gives up for good, or follows a redirect (WHATWG HTML, section 9.2.3).',
      ],
    },
    'one-event': {
      title: 'Sends a text as one event that ends with a blank line',
      'no-data': [
        'No event with data arrived, so the client delivers nothing.',
        'Look at how each line begins. Which field contains the text?',
        'A line is a field: a name, a colon, a value. A client silently ignores a line with an unknown name.',
      ],
      'no-blank-line': [
        'The event is there, and the client is still waiting for its end.',
        'Look at the last characters that you write for an event. Do you write them for the last event too?',
        'A blank line ends an event. Until it comes, another field of the same event may follow.',
      ],
      'not-the-text': [
        'An event arrived, but its data is not the text.',
        'Look at everything between the colon and the end of the line.',
        'The data is exactly the text between the colon and the end of the line. Quotes and escapes belong to JSON, not to event streams.',
      ],
      'a-type': [
        'The event has a type of its own, so a page that listens with onmessage does not get it.',
        'Look for a field named event in what you write.',
        'Without an event field, the type of an event is message. A page gets any other type only if it listens for this type (lesson 7).',
      ],
    },
    'the-next-event': {
      title: 'Separates the second event from the first, and keeps it readable',
      merged: [
        'Two texts were sent, and the client received them as one event.',
        'Look at what you write between the end of the first event and the beginning of the second.',
        'Data lines that follow each other belong to one event. Only a blank line separates two events.',
      ],
      'byte-order-mark': [
        'A line begins with a byte order mark, which is invisible, and so the client does not recognise the field.',
        'Look for U+FEFF in what you write, or for an encoding "with BOM".',
        'A client removes one byte order mark at the beginning of the stream. Anywhere else, the mark becomes part of a field name, and changes the name.',
      ],
      unknown: [
        'The second event did not arrive as it should.',
        'Look for a difference between what you write for the first event and for the second.',
        'A client treats every event in the same way: its fields start empty, and a blank line ends it.',
      ],
    },
    'goes-on': {
      title: 'Leaves the response open',
      ended: [
        'The event arrived, and then your server ended the response.',
        'Look at what your code calls after it has written the last event.',
        'If the response ends, an EventSource waits some seconds and asks again, which is polling with more effort. A stream stays open.',
      ],
      'said-its-length': [
        'Your response declares its length, and a client believes that it is complete after that number of bytes.',
        'Look at the headers that are sent with the status. Which of them gives the length?',
        'Content-Length (RFC 9110, section 8.6) is a promise. A stream does not know its length in advance, so it is sent in chunks, which need no length.',
      ],
      'ended-later': [
        'Your server left the response open at first, and ended it some time later.',
        'Look for a timer, or for a time limit of the connection.',
        'A stream has no time at which it is over. It stays open until the client leaves.',
      ],
      'a-flood': [
        'All events had been sent, and your server kept on sending.',
        'Look for a timer that writes to the response, and at its interval.',
        'A stream is quiet while there is nothing new. Every byte costs the client power, and a stream is open for hours.',
      ],
      'more-later': [
        'All events had been sent, and some time later your server sent another one.',
        'Look for a timer that writes to the response.',
        'Each text is one event. To keep a quiet connection open, write a comment, which no client delivers (lesson 8).',
      ],
      'other-client': [
        'A second client came, and the response of the first one ended.',
        'Look for a variable that holds one response for all clients.',
        'Each request has its own response. A server holds many of them open at the same time.',
      ],
    },
    'each-text': {
      title: 'Sends one event for each text, in the order of the address',
      'not-each': [
        'There were several texts, and the client did not get exactly one event for each.',
        'Look at the loop over the texts. Does it leave a text out, or write it twice?',
        'Each text is an event of its own, also if it is empty or equal to an earlier one.',
      ],
      order: [
        'The client got every text, but in another order.',
        'Look at what your code does with the list of texts before it writes them.',
        'A client delivers events in the order of the bytes. Only the server knows the right order.',
      ],
      'no-text': [
        'The address contained no text, and your server did not leave the response open without events.',
        'Look at what your code does if the list of texts is empty.',
        'A stream without events is still a stream. The client waits for what may come.',
      ],
    },
    'several-lines': {
      title: 'Delivers a text of several lines completely',
      'first-line-only': [
        'The text had several lines, and the client received only the first one.',
        'Look at how the second line of the text is written. Which field does it belong to?',
        'A line end also ends a field. Each line of a text needs its own data field, and the client joins the lines again.',
      ],
      'not-the-text': [
        'The text had several lines, and the client received a different text.',
        'Look at what happens to each line end of the text.',
        'A client joins data lines with one line feed each. Blank lines of a text are lines too, so each needs its own data field.',
      ],
      'no-line-end': [
        'The text contained a character that looks like a line end and is none, and the client received another text.',
        'Look at the characters at which your code splits the text.',
        'An event stream has exactly three line ends: CR LF, LF and CR. Every other character is text.',
      ],
    },
    'carriage-returns': {
      title: 'Recognises all three kinds of line end',
      'first-line-only': [
        'The text contained a carriage return, and the client lost everything after it.',
        'Look at which characters your code treats as a line end. There are three possibilities.',
        'In an event stream, LF, CR LF and a single CR each end a line. If you split at LF only, a text can inject fields of its own.',
      ],
      'not-the-text': [
        'The text contained carriage returns, and the client received other lines.',
        'Look at whether CR LF counts as one line end or two, and at whether any line end gets lost.',
        'CR LF is one line end; LF CR is two. The client receives one LF for each line end.',
      ],
    },
    'to-the-letter': {
      title: 'Delivers every character of a text',
      'a-space': [
        'The text began with a space, and the client received it without the space.',
        'Look at what you write after the colon of data.',
        'A client removes one space after the colon, if there is one. Write a space of your own there, so that the client does not remove the text’s first character.',
      ],
      trimmed: [
        'The text lost a character at its beginning or its end.',
        'Look for a function that trims the text. Trimming also removes byte order marks and spaces.',
        'A server has to send a text unchanged. Only the author of the text decides what belongs to it.',
      ],
      empty: [
        'The text was empty, and no event arrived.',
        'Look at what you write for a text without characters.',
        'An event with empty data is still an event, if there is a data line. Without a data line there is no event.',
      ],
      escaped: [
        'The text contained characters that have a meaning in another language, and the client received other characters.',
        'Look for code that escapes, decodes or parses the text.',
        'An event stream is not HTML, not JSON and not an address. Only line ends have a meaning in it, so only they are treated.',
      ],
      shortened: [
        'The text was long, and the client did not receive all of it in one piece.',
        'Look for a maximum length, or for code that breaks long lines.',
        'A line of an event stream can have any length.',
      ],
      'not-the-text': [
        'The client received a different text than the one that was sent.',
        'Look at what you do with colons, and at the encoding.',
        'The first colon of a line ends the field name; every later colon belongs to the value. Event streams are always UTF-8.',
      ],
    },
  },
} satisfies Words
