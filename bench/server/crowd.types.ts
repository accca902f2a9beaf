/** What a crowd is told to do. */
export type CrowdTask =
  | {
      readonly kind: 'idle';
      /** Of each server; a room's peers take turns among them. */
      readonly urls: readonly string[];
      readonly firstRoom: number;
      readonly rooms: number;
      readonly peersPerRoom: number;
    }
  | {
      readonly kind: 'joins';
      readonly urls: readonly string[];
      readonly rooms: number;
      readonly perSecond: number;
      readonly seconds: number;
    }
  /** One peer sends another one so many bytes through the servers; they are at the first and the last of them. */
  | { readonly kind: 'relay'; readonly urls: readonly string[]; readonly bytes: number };

/** And what it tells when that is done. */
export type CrowdReport =
  | { readonly kind: 'idle'; readonly peers: number }
  | { readonly kind: 'relay'; readonly seconds: number }
  | {
      readonly kind: 'joins';
      /** Milliseconds from connecting to the welcome, of each join that was answered with one. */
      readonly times: readonly number[];
      readonly failures: readonly string[];
      /** From the first join to the last answer. */
      readonly seconds: number;
    };
