/// What the kernel knows of a listening socket's queue: of TCP by getsockopt(), of unix sockets by sock_diag alone.
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <array>
#include <cstring>
#include <optional>

#include <fcgi_worker/listen_socket.hpp>

#include "descriptor.hpp"
#include "is_inet.hpp"

namespace fcgi_worker {
namespace {

constexpr std::uint32_t kListening = 1U << 10U;  // TCP_LISTEN, which unix sockets have as well

std::optional<ListenQueue> tcp_queue(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_state != TCP_LISTEN) {
        return std::nullopt;
    }
    return ListenQueue{info.tcpi_unacked, info.tcpi_sacked};  // of a listening socket they are the queue, and its limit
}

/// Asks for one unix socket by its inode.
bool ask(const Descriptor& netlink, ino_t inode) {
    struct {
        nlmsghdr header;
        unix_diag_req request;
    } question{};
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.header.nlmsg_flags = NLM_F_REQUEST;
    question.request.sdiag_family = AF_UNIX;
    question.request.udiag_states = kListening;
    question.request.udiag_ino = static_cast<std::uint32_t>(inode);
    question.request.udiag_show = UDIAG_SHOW_RQLEN;
    question.request.udiag_cookie[0] = question.request.udiag_cookie[1] = UINT32_MAX;  // any
    return send(netlink.get(), &question, sizeof question, 0) == static_cast<ssize_t>(sizeof question);
}

/// The answer is a message with attributes, each behind a header that says how long it is.
std::optional<ListenQueue> read_answer(const char* bytes, std::size_t length) {
    constexpr std::size_t kHead = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(unix_diag_msg));
    nlmsghdr header{};
    if (length < kHead) return std::nullopt;
    std::memcpy(&header, bytes, sizeof header);
    if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || header.nlmsg_len > length) return std::nullopt;
    for (std::size_t at = kHead; at + sizeof(nlattr) <= header.nlmsg_len;) {
        nlattr attribute{};
        std::memcpy(&attribute, bytes + at, sizeof attribute);
        if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > header.nlmsg_len) return std::nullopt;
        unix_diag_rqlen queue{};
        if (attribute.nla_type == UNIX_DIAG_RQLEN && attribute.nla_len >= sizeof attribute + sizeof queue) {
            std::memcpy(&queue, bytes + at + sizeof attribute, sizeof queue);
            return ListenQueue{queue.udiag_rqueue, queue.udiag_wqueue};
        }
        at += NLA_ALIGN(attribute.nla_len);
    }
    return std::nullopt;
}

std::optional<ListenQueue> unix_queue(int socket) {
    struct stat status {};
    const Descriptor netlink{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
    if (netlink.get() < 0 || fstat(socket, &status) != 0) return std::nullopt;
    const timeval patience{1, 0};  // the kernel answers while it is asked
    setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (!ask(netlink, status.st_ino)) return std::nullopt;
    std::array<char, 1024> answer;
    const ssize_t length = recv(netlink.get(), answer.data(), answer.size(), 0);
    return length <= 0 ? std::nullopt : read_answer(answer.data(), static_cast<std::size_t>(length));
}

}  // namespace

std::optional<ListenQueue> ListenSocket::queue() const {
    return is_inet(descriptor_) ? tcp_queue(descriptor_) : unix_queue(descriptor_);
}

}  // namespace fcgi_worker
