/** Starts the page that tells what is between this browser and a server, and checks the server of the address. */
import '../lane/style.ts'
import { started } from '../page/started.ts'
import { BetweenPage } from './page.ts'

const page = new BetweenPage()
document.body.append(page)
started()
void page.check(new URLSearchParams(location.search).get('at') ?? location.origin)
