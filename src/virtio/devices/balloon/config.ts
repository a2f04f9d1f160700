import { ConfigSpace, u32 } from "../../layout.ts";
import {
  BALLOON_CONFIG_ACTUAL,
  BALLOON_CONFIG_FREE_PAGE_HINT_CMD_ID,
  BALLOON_CONFIG_NUM_PAGES,
  BALLOON_CONFIG_POISON_VAL,
  VIRTIO_BALLOON_F_FREE_PAGE_HINT,
  VIRTIO_BALLOON_F_PAGE_POISON,
} from "../../spec/balloon.ts";

/** struct virtio_balloon_config. */
export function balloonConfig(): ConfigSpace<"num_pages" | "actual" | "free_page_hint_cmd_id" | "poison_val"> {
  return new ConfigSpace({
    num_pages: u32(BALLOON_CONFIG_NUM_PAGES),
    actual: u32(BALLOON_CONFIG_ACTUAL).writable(),
    free_page_hint_cmd_id: u32(BALLOON_CONFIG_FREE_PAGE_HINT_CMD_ID).when(VIRTIO_BALLOON_F_FREE_PAGE_HINT),
    poison_val: u32(BALLOON_CONFIG_POISON_VAL).when(VIRTIO_BALLOON_F_PAGE_POISON).writable(),
  });
}
