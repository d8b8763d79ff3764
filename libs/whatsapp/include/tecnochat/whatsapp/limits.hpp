#pragma once

#include <cstddef>

/// How long what Meta names may be, in bytes. The edge and every service behind it use these, so
/// that none refuses what another took.
namespace tecnochat::whatsapp {

/// Of a message, inbound or outbound. Meta's ids are opaque: some 60 characters are usual, 256 are
/// promised to be possible.
inline constexpr std::size_t kMessageIdBytesMax = 1024;

/// Of a person or a group: a phone, a business-scoped user id (131 characters at most), its parent
/// form, a group's id.
inline constexpr std::size_t kPersonIdBytesMax = 512;

/// Of a button or row, given by us (Meta takes 256), or a template button's payload.
inline constexpr std::size_t kReplyIdBytesMax = 1024;

/// Of Meta's word for a status; it is part of an event id.
inline constexpr std::size_t kStatusNameBytesMax = 64;

}  // namespace tecnochat::whatsapp
