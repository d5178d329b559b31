package kfp

import (
	"net/http"
	"net/url"
)

// unreachableHint says what to do when nobody answers at an address.
func unreachableHint(at address) string {
	if !at.local() {
		return "is the server at " + at.host + " running, and is the address right?"
	}
	_, port := at.split()
	if port == "" {
		port = "80"
	}
	return "is the port forwarded? kubectl port-forward svc/ml-pipeline-ui " + port + ":80 -n kubeflow"
}

// notKFP says that what answers is something else.
func notKFP(at address) string {
	return "what answers at " + at.prefix + " seems to be no KFP server: is the address right, with the path if there is one?"
}

// statusHint says what to do about an answer that is an error.
func (c *Client) statusHint(q *call, resp *http.Response, a answer) string {
	at := c.addressOf(q)
	switch code := resp.StatusCode; {
	case code == http.StatusUnauthorized:
		if resp.Request.Header.Get("Authorization") != "" {
			return "is the token still valid, and is it one for this server?"
		}
		return "give a token with --token, or name its file with " + EnvTokenFile + " or --token-file"
	case code == http.StatusForbidden:
		return "may this user do that in this namespace? another is given with --namespace, another user's token with --token"
	case code/100 == 3:
		return redirectHint(at, resp)
	case code == http.StatusTooManyRequests:
		return at.host + " wants fewer requests: try again later"
	case code == http.StatusRequestEntityTooLarge:
		return "the server, or a proxy before it, takes no request so large"
	case a.page, code == http.StatusNotFound && !a.ours && !q.dashboard, code == http.StatusMethodNotAllowed:
		return notKFP(at)
	case code == http.StatusNotFound:
		return "is the name or id right, and is it in this namespace?"
	case code >= 500 && code != http.StatusNotImplemented:
		return "if that does not pass, the server's log tells more: kubectl logs deploy/ml-pipeline -n kubeflow"
	}
	return ""
}

// redirectHint says what to do about an answer that sends elsewhere. Of the
// place only the host is shown: the rest may let somebody in.
func redirectHint(at address, resp *http.Response) string {
	to, err := resp.Location()
	if err != nil || to.Host == "" {
		return notKFP(at)
	}
	if to.Host == resp.Request.URL.Host && to.Scheme != resp.Request.URL.Scheme {
		return "write " + (&url.URL{Scheme: to.Scheme, Host: to.Host}).String() + " for the host"
	}
	return at.host + " sends on to " + to.Host + ": is a login missing (--token, --header), or is the address another?"
}
