/** SCSI host device (virtio 1.4, chapter "SCSI Host Device"). */

export const VIRTIO_SCSI_F_INOUT = 0;
export const VIRTIO_SCSI_F_HOTPLUG = 1;
export const VIRTIO_SCSI_F_CHANGE = 2;
export const VIRTIO_SCSI_F_T10_PI = 3;

export const SCSI_CONFIG_NUM_QUEUES = 0;
export const SCSI_CONFIG_SEG_MAX = 4;
export const SCSI_CONFIG_MAX_SECTORS = 8;
export const SCSI_CONFIG_CMD_PER_LUN = 12;
export const SCSI_CONFIG_EVENT_INFO_SIZE = 16;
export const SCSI_CONFIG_SENSE_SIZE = 20;
export const SCSI_CONFIG_CDB_SIZE = 24;
export const SCSI_CONFIG_MAX_CHANNEL = 28;
export const SCSI_CONFIG_MAX_TARGET = 30;
export const SCSI_CONFIG_MAX_LUN = 32;

export const SCSI_CONTROLQ = 0;
export const SCSI_EVENTQ = 1;
/** The first of the request queues. */
export const SCSI_REQUESTQ = 2;

/** Sizes after a reset; the driver may write others. */
export const VIRTIO_SCSI_SENSE_DEFAULT_SIZE = 96;
export const VIRTIO_SCSI_CDB_DEFAULT_SIZE = 32;

export const SCSI_LUN_SIZE = 8;
/** struct virtio_scsi_req_cmd up to cdb: lun[8], id u64, task_attr u8, prio u8, crn u8. */
export const SCSI_REQ_CMD_HEADER_SIZE = 19;
export const SCSI_REQ_CMD_ID = 8;
/** Its device-writable part up to sense: sense_len u32, residual u32, status_qualifier u16, status u8, response u8. */
export const SCSI_RESP_CMD_HEADER_SIZE = 12;
export const SCSI_RESP_CMD_SENSE_LEN = 0;
export const SCSI_RESP_CMD_RESIDUAL = 4;
export const SCSI_RESP_CMD_STATUS = 10;
export const SCSI_RESP_CMD_RESPONSE = 11;

/** Command-specific response values. */
export const VIRTIO_SCSI_S_OK = 0;
export const VIRTIO_SCSI_S_OVERRUN = 1;
export const VIRTIO_SCSI_S_ABORTED = 2;
export const VIRTIO_SCSI_S_BAD_TARGET = 3;
export const VIRTIO_SCSI_S_RESET = 4;
export const VIRTIO_SCSI_S_BUSY = 5;
export const VIRTIO_SCSI_S_TRANSPORT_FAILURE = 6;
export const VIRTIO_SCSI_S_TARGET_FAILURE = 7;
export const VIRTIO_SCSI_S_NEXUS_FAILURE = 8;
export const VIRTIO_SCSI_S_FAILURE = 9;
/** Response values of task management; VIRTIO_SCSI_S_OK is FUNCTION COMPLETE. */
export const VIRTIO_SCSI_S_FUNCTION_COMPLETE = 0;
export const VIRTIO_SCSI_S_FUNCTION_SUCCEEDED = 10;
export const VIRTIO_SCSI_S_FUNCTION_REJECTED = 11;
export const VIRTIO_SCSI_S_INCORRECT_LUN = 12;

/** Control requests: type u32 first. */
export const SCSI_CTRL_TYPE_SIZE = 4;
export const VIRTIO_SCSI_T_TMF = 0;
export const VIRTIO_SCSI_T_AN_QUERY = 1;
export const VIRTIO_SCSI_T_AN_SUBSCRIBE = 2;

/** struct virtio_scsi_ctrl_tmf: type u32, subtype u32, lun[8], id u64; response u8. */
export const SCSI_CTRL_TMF_REQ_SIZE = 24;
export const SCSI_CTRL_TMF_RESP_SIZE = 1;
export const VIRTIO_SCSI_T_TMF_ABORT_TASK = 0;
export const VIRTIO_SCSI_T_TMF_ABORT_TASK_SET = 1;
export const VIRTIO_SCSI_T_TMF_CLEAR_ACA = 2;
export const VIRTIO_SCSI_T_TMF_CLEAR_TASK_SET = 3;
export const VIRTIO_SCSI_T_TMF_I_T_NEXUS_RESET = 4;
export const VIRTIO_SCSI_T_TMF_LOGICAL_UNIT_RESET = 5;
export const VIRTIO_SCSI_T_TMF_QUERY_TASK = 6;
export const VIRTIO_SCSI_T_TMF_QUERY_TASK_SET = 7;

/** struct virtio_scsi_ctrl_an: type u32, lun[8], event_requested u32; event_actual u32, response u8. */
export const SCSI_CTRL_AN_REQ_SIZE = 16;
export const SCSI_CTRL_AN_RESP_SIZE = 5;
export const VIRTIO_SCSI_EVT_ASYNC_OPERATIONAL_CHANGE = 2;
export const VIRTIO_SCSI_EVT_ASYNC_POWER_MGMT = 4;
export const VIRTIO_SCSI_EVT_ASYNC_EXTERNAL_REQUEST = 8;
export const VIRTIO_SCSI_EVT_ASYNC_MEDIA_CHANGE = 16;
export const VIRTIO_SCSI_EVT_ASYNC_MULTI_HOST = 32;
export const VIRTIO_SCSI_EVT_ASYNC_DEVICE_BUSY = 64;

/** struct virtio_scsi_event: event u32, lun[8], reason u32. */
export const SCSI_EVENT_SIZE = 16;
export const VIRTIO_SCSI_T_EVENTS_MISSED = 0x8000_0000;
export const VIRTIO_SCSI_T_NO_EVENT = 0;
export const VIRTIO_SCSI_T_TRANSPORT_RESET = 1;
export const VIRTIO_SCSI_T_ASYNC_NOTIFY = 2;
export const VIRTIO_SCSI_T_PARAM_CHANGE = 3;

/** Reasons of VIRTIO_SCSI_T_TRANSPORT_RESET. */
export const VIRTIO_SCSI_EVT_RESET_HARD = 0;
export const VIRTIO_SCSI_EVT_RESET_RESCAN = 1;
export const VIRTIO_SCSI_EVT_RESET_REMOVED = 2;
