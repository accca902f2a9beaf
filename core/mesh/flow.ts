/** How much may be under way. All in bytes. */

const KIB = 1024;

/** Larger packets gave no gain on data channels, and 64 KiB is what every browser takes (facts.md B2). */
export const PACKET_BYTES: number = 64 * KIB;

/** Nothing more is handed to a wire that holds this much: 1 MiB keeps a channel busy, 8 MiB bought nothing (facts.md B2). */
export const HIGH_WATER_BYTES: number = 1024 * KIB;

/** A wire asks for more here: low enough to matter, high enough that it never runs dry (25 ms at 10 MB/s). */
export const LOW_WATER_BYTES: number = 256 * KIB;

/** Weights stop earlier, so that an activation waits behind at most this much of them (50 ms at 10 MB/s). */
export const BULK_HIGH_WATER_BYTES: number = 512 * KIB;

/** Sent but not acknowledged: more than bandwidth times delay of any room (100 Mbit/s over 300 ms is 4 MB). */
export const WINDOW_BYTES: number = 8 * 1024 * KIB;

/** Unacknowledged packets, so that tiny ones cannot pile up either. */
export const WINDOW_PACKETS = 4096;

/** The receiver says what has arrived at least this often: 32 times per window. */
export const ACKNOWLEDGE_EVERY_BYTES: number = 256 * KIB;
export const ACKNOWLEDGE_EVERY_PACKETS = 256;
