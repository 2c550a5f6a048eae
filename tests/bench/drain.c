/* The floor: libcurl takes the stream and nobody looks at it.  drain URL CACERT BYTES */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

static size_t on_bytes(char *bytes, size_t size, size_t n, void *arg)
{
	(void)bytes;
	*(long *)arg -= (long)(size * n);
	return size * n;
}

int main(int argc, char **argv)
{
	CURLM *multi;
	CURL *easy;
	long left;
	int running = 1;

	if (argc != 4 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return 2;
	left = strtol(argv[3], NULL, 10);
	multi = curl_multi_init();
	easy = curl_easy_init();
	curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
	curl_easy_setopt(easy, CURLOPT_CAINFO, argv[2]);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, &left);
	curl_multi_add_handle(multi, easy);
	while (running && left > 0) {
		curl_multi_perform(multi, &running);
		if (left > 0)
			curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	curl_multi_remove_handle(multi, easy);
	curl_easy_cleanup(easy);
	curl_multi_cleanup(multi);
	return left > 0;
}
