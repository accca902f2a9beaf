import SimplePeer from 'simple-peer';
import { systemClock } from '../core/mesh/clock.ts';
import type { Dial } from '../core/mesh/dial.ts';
import { type SimplePeerLike, simplePeerDial } from '../core/mesh/simple-peer-wire.ts';
import type { Wrtc } from './natives.ts';

/** Direct connections of a process, by the page's own library on another WebRTC. */
export function nodeDial(wrtc: Wrtc): Dial {
  return simplePeerDial((options) => new SimplePeer({ ...options, wrtc }) as SimplePeerLike, systemClock);
}
