import type { Clock } from '../mesh/clock.ts';
import type { Network } from '../mesh/network.ts';
import { RecoveryWatch } from './recovery-watch.ts';
import { TraceDesk } from './trace-desk.ts';
import { Tracer } from './tracer.ts';

/** All that keeps a record of this device's work. */
export class Tracing {
  readonly tracer: Tracer;
  readonly desk: TraceDesk;
  readonly recovery: RecoveryWatch = new RecoveryWatch();

  constructor(network: Network, clock: Clock, provider: () => string) {
    this.tracer = new Tracer(network.me, clock, provider);
    this.desk = new TraceDesk(network, clock, () => this.tracer.spans);
  }
}
