#pragma once

#include <span>
#include <string>

#include "domain/send.hpp"
#include "tecnochat/sealing/keys.hpp"

/// What a send says and to whom, as its sealed columns hold it.
namespace tecnochat::whatsapp_connector::send_content {

/// What is sealed of a recipient.
std::string to_text(const Recipient& recipient);

/// Opens what was claimed, without I/O. One whose content does not open says so in `content` and
/// holds up nobody else's: kUnreadable where its person is erased or the content is damaged, else
/// kNotYet.
void open(std::span<ClaimedSend> claimed, const sealing::Keys& keys);

}  // namespace tecnochat::whatsapp_connector::send_content
