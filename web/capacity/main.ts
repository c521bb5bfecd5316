/** Starts the page that computes how many processes a workload needs. */
import { started } from '../page/started.ts'
import { CapacityPage } from './page.ts'

document.body.append(new CapacityPage())
started()
