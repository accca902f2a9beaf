import type { PeerId } from '../../core/ids.ts';
import type { Mesh } from '../../core/mesh/mesh.ts';
import type { Network } from '../../core/mesh/network.ts';
import type { Step } from './step.ts';

interface StepNotes {
  readonly steps: Step[];
  readonly onStep: (step: Step) => void;
}

/** A network of which each message is noted as it is sent. Load is told as time passes, whatever happens. */
export function counted(mesh: Mesh, notes: StepNotes): Network {
  const step = (what: Step['what'], to: PeerId): void => {
    const made = { what, from: mesh.me, to };
    notes.steps.push(made);
    notes.onStep(made);
  };
  return {
    me: mesh.me,
    peers: () => mesh.peers(),
    listen: (listener) => mesh.listen(listener),
    sendControl: (to, message) => {
      mesh.sendControl(to, message);
      if (message.type !== 'load') step(message.type, to);
    },
    send: (to, kind, parts, options) => {
      const sent = mesh.send(to, kind, parts, options);
      step(kind, to);
      return sent;
    },
    probe: (to, bytes) => mesh.probe(to, bytes),
    calibrate: (to, samples) => mesh.calibrate(to, samples),
    stats: (peer) => mesh.stats(peer),
    close: (reason) => mesh.close(reason),
  };
}
