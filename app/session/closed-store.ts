import type { SessionState } from '../../core/session/state.ts';
import type { Actions, Store } from './store.ts';

/** A store for a page that is in no room: it can only be shown, and left for a new room. */
export function closedStore(state: { readonly value: SessionState }): Store {
  const nothing = (): void => undefined;
  const refuse = (): Promise<never> => Promise.reject(new Error('This page is in no room.'));
  const actions: Actions = {
    rename: nothing,
    setMode: nothing,
    setRules: nothing,
    handOver: nothing,
    letIn: nothing,
    setAskFirst: nothing,
    admit: nothing,
    deny: nothing,
    leave: nothing,
    addLocalDevice: nothing,
    newRoom: () => location.assign('/'),
    catalogue: async () => [],
    openBundled: refuse,
    openFile: refuse,
    openUrl: refuse,
    hub: async () => [],
    openHub: refuse,
    cancelModel: nothing,
    storage: refuse,
    clearStorage: refuse,
    setTask: nothing,
    askImage: refuse,
    askTensors: refuse,
    repeat: refuse,
    chat: refuse,
    saveTrace: refuse,
    dismiss: nothing,
  };
  return { state, actions };
}
