/** Text of `npm run compare -- --help`. */
import { COMPARE } from '../../server/start/installed.ts'
import { fourwire } from './adapters/fourwire.ts'

export const HELP = `Compares how fast and at which cost a server delivers messages over each transport.

  ${COMPARE} [options]

  --transports LIST  transports, separated by commas; without it the usual
                     ones: for a Fourwire ${fourwire.usual?.join(', ')}
  --clients N        clients that receive all messages          (100)
  --rate N           messages a second                          (10)
  --size BYTES       size of the text of a message              (100)
  --payload FILE     text of a message instead of --size; {{id}} in it becomes
                     the id by which a message is recognised
  --scenario NAME    steady, burst, ramp, reconnect-storm or slow-readers
                     (steady)
  --burst N          messages at a time, in the scenario burst  (10)
  --rate-to N        messages a second at the end of a ramp     (10 × --rate)
  --storm-within N   seconds in which all clients of a storm return (3)
  --slow PERCENT     slow clients of the scenario slow-readers  (10)
  --seconds N        duration for each transport and repetition (5; for ramp,
                     reconnect-storm and slow-readers 10)
  --warmup N         seconds before that, which do not count    (1)
  --ramp N           seconds in which the clients connect       (1)
  --interval N       seconds between two short polls            (1)
  --wait N           seconds for which a long poll may be held  (25)
  --repeat N         repetitions; the transports take turns     (5)
  --url URL          server to measure     (a Fourwire, started for this)
  --publish URL      address to publish at, if it is another one
  --rtt MS           round trip added between clients and server (0)
  --jitter MS        greatest random delay of each packet       (0)
  --loss PERCENT     packets that are lost and sent again       (0)
  --bandwidth KBIT   kbit/s of each connection and direction    (unlimited)
  --adapter NAME     fourwire, sse, ws, poll, nchan, socket.io, ai, or a file
                     of yours                            (fourwire)
  --header TEXT      header field of each request, such as "Authorization: Bearer
                     KEY"; repeatable. No report contains it
  --insecure         accepts a certificate that cannot be verified
  --http2            polls, streams and publishes over HTTP/2
  --pid N            process of the server on this machine, for its
                     processor time and its memory
  --threshold TEXT   limit, such as "sse.p99<200ms"; repeatable. If one is
                     broken, the exit code is 1
  --json FILE        writes the result as JSON
  --html FILE        writes the result as a page that needs no other file
  --baseline FILE    compares the result with an earlier one of --json
  --help             prints this text`
