import type { PeerId } from '../../core/ids.ts';
import type { SessionEvent } from '../../core/session/events.ts';
import type { SessionState } from '../../core/session/state.ts';

interface ShownOut {
  /** As they are now: the device's link ends next, and with it what is known of its name. */
  readonly devices: SessionState['devices'];
  readonly peer: PeerId;
  readonly error: Error;
  readonly emit: (event: SessionEvent) => void;
}

/** Tells the person that a device was shown out; in few words where the code for more does not come. */
export async function tellShownOut(
  { devices, peer, error, emit }: ShownOut,
  load: () => Promise<Pick<typeof import('./offences.ts'), 'offenceNotice'>> = () => import('./offences.ts'),
): Promise<void> {
  const at = Date.now();
  try {
    const { offenceNotice } = await load();
    const notice = offenceNotice(devices, peer, error, at);
    if (notice) emit(notice);
  } catch {
    const message = 'A device broke the protocol and was disconnected.';
    emit({ type: 'NoticeRaised', tone: 'warn', message, at });
  }
}
