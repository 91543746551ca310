// The environment variables by which a primary tells a worker what it is. Names only; both sides read them here.

/** The worker's number. */
export const WORKER_VARIABLE = 'X_CLUSTER_WORKER'
/** The descriptor that is the worker's end of the link. */
export const LINK_VARIABLE = 'X_CLUSTER_LINK_FD'
/** Set where signals for the whole process group are the primary's to answer. */
export const SIGNALS_VARIABLE = 'X_CLUSTER_SIGNALS'
